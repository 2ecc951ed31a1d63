/** What a command may touch outside: streams, terminal, configuration. Tests hand in their own. */

import type { Config } from '../config/index.ts';

export interface CliIo {
  /** Results. */
  out(text: string): void;
  /** Talk: progress, questions, errors. */
  talk(text: string): void;
  /** Whether a person can be asked. */
  readonly isTerminal: boolean;
  /** Whether results may be coloured; false under NO_COLOR. */
  readonly color: boolean;
  readStdin(): Promise<string>;
  ask(question: string): Promise<string>;
  config(): Promise<Config>;
  /** Aborts what would go on for ever. */
  readonly signal?: AbortSignal;
}

/** The process's own streams. */
export function processIo(): CliIo {
  // A reader that went away (`aol status | head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    out: (text) => process.stdout.write(`${text}\n`),
    talk: (text) => process.stderr.write(`${text}\n`),
    isTerminal: process.stdin.isTTY === true && process.stderr.isTTY === true,
    color: process.stdout.isTTY === true && process.stdout.hasColors(),
    async readStdin() {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
    async ask(question) {
      const { createInterface } = await import('node:readline/promises');
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return await lines.question(question);
      } finally {
        lines.close();
      }
    },
    config: async () => (await import('../config/index.ts')).loadConfig(),
  };
}
