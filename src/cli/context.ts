/** What every command is given, and how commands are declared. */

import type { Command } from 'commander';
import type { Config } from '../config/index.ts';
import type { AolClient } from '../contracts/client.ts';
import { ExitCode } from './errors.ts';
import type { CliIo } from './io.ts';

export interface CliContext {
  readonly io: CliIo;
  /** `--json` was given. */
  readonly json: boolean;
  config(): Promise<Config>;
  /** A client of the API that the configuration names. */
  client(): Promise<AolClient>;
  /** Prints a result: as JSON under `--json`, else in words. */
  print(result: unknown, words: () => string): void;
}

/** What a command does; without an exit code it ends with 0. */
export type Work = (context: CliContext) => Promise<number | undefined>;
export type Runner = (work: Work) => Promise<void>;
/** Adds commands to the program. */
export type Register = (program: Command, run: Runner) => void;

export function createContext(io: CliIo, json: boolean): CliContext {
  return {
    io,
    json,
    config: () => io.config(),
    async client() {
      const { connectClient } = await import('./client.ts');
      return connectClient(await io.config());
    },
    print: (result, words) => io.out(json ? JSON.stringify(result, undefined, 2) : words()),
  };
}

export { ExitCode };
