/** What every command is given, and how commands are declared. */

import type { Command } from 'commander';
import type { AolClient } from '../client/client.ts';
import type { Config } from '../config/index.ts';
import type { ClientOptions } from './client.ts';
import { ExitCode } from './errors.ts';
import type { CommandIo } from './terminal/guard.ts';

export interface CliContext {
  readonly io: CommandIo;
  /** `--json` was given. */
  readonly json: boolean;
  config(): Promise<Config>;
  /** A client of the API that the command talks to. */
  client(options?: ClientOptions): Promise<AolClient>;
  /** Prints a result: as JSON under `--json`, else in words. */
  print(result: unknown, words: () => string): void;
}

/** What a command does; without an exit code it ends with 0. */
export type Work = (context: CliContext) => Promise<number | undefined>;
export type Runner = (work: Work) => Promise<void>;
/** Adds commands to the program. */
export type Register = (program: Command, run: Runner) => void;

export function createContext(io: CommandIo, json: boolean): CliContext {
  return {
    io,
    json,
    config: () => io.config(),
    async client(options) {
      const { connectClient } = await import('./client.ts');
      return connectClient(await io.target(), options);
    },
    print: (result, words) => io.out(json ? JSON.stringify(result, undefined, 2) : words()),
  };
}

/** After a page of a list: how many there are, and how to see more. */
export function pageWords(
  { io }: CliContext,
  page: { readonly nextCursor: string | null; readonly total: number; readonly totalIsExact?: boolean },
): void {
  if (page.nextCursor === null) return;
  io.talk(
    `${page.totalIsExact === false ? 'more than ' : ''}${page.total} in all; more with --cursor ${page.nextCursor}`,
  );
}

export { ExitCode };
