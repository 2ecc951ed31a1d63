/** Runs command lines in this process, against an API of a test, and keeps what they write. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../src/cli/program.ts';
import type { CliIo } from '../../src/cli/terminal/io.ts';
import { loadConfig } from '../../src/config/index.ts';
import { TOKENS } from './api.ts';

export interface CliResult {
  readonly exitCode: number;
  readonly out: string;
  readonly talk: string;
  json(): unknown;
}

export interface CliOptions extends Partial<Omit<CliIo, 'out' | 'outBytes' | 'talk' | 'config' | 'readStdin'>> {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Told each result as it comes. */
  readonly onOut?: (text: string) => void;
}

export interface TestCli {
  readonly dataDir: string;
  run(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  close(): void;
}

/** @param env variables of every run, e.g. of the API's port */
export function createTestCli(env: Readonly<Record<string, string>>): TestCli {
  const dataDir = mkdtempSync(join(tmpdir(), 'aol-cli-'));
  return {
    dataDir,
    close: () => rmSync(dataDir, { recursive: true, force: true }),
    async run(args, { env: more = {}, stdin = '', onOut, ...io } = {}) {
      const out: string[] = [];
      const talk: string[] = [];
      const exitCode = await runCli(args, {
        out(text) {
          out.push(text);
          onOut?.(text);
        },
        outBytes: (bytes) => out.push(Buffer.from(bytes).toString('utf8')),
        talk: (text) => talk.push(text),
        isTerminal: false,
        isOutTerminal: false,
        color: false,
        readStdin: () => Promise.resolve(Buffer.from(stdin)),
        ask: () => Promise.reject(new Error('nobody is there to be asked')),
        config: async () => loadConfig({ HOME: dataDir, AOL_DATA_DIR: dataDir, ...tokens, ...env, ...more }),
        ...io,
      });
      return { exitCode, out: out.join('\n'), talk: talk.join('\n'), json: (): unknown => JSON.parse(out.join('\n')) };
    },
  };
}

const tokens = {
  AOL_ADMIN_TOKEN: TOKENS.admin,
  AOL_OPERATOR_TOKEN: TOKENS.operator,
  AOL_VIEWER_TOKEN: TOKENS.viewer,
};
