/** What a command may touch outside: streams, terminal, configuration. Tests hand in their own. */

import { processEnvironment } from '../../config/environment.ts';
import type { Config } from '../../config/index.ts';

export interface CliIo {
  /** Results. */
  out(text: string): void;
  /** Results that are bytes, exactly these. */
  outBytes(bytes: Uint8Array): void;
  /** Talk: questions, errors, what is worth a line. */
  talk(text: string): void;
  /** Whether a person can be asked. */
  readonly isTerminal: boolean;
  /** Whether results may be coloured; false under NO_COLOR. */
  readonly color: boolean;
  /** The terminal that the results go to; absent when they go elsewhere. */
  readonly screen?: Screen | undefined;
  /** Writes to the terminal that the talk goes to, as it is; absent when nobody watches: no terminal, a dumb one, or CI. */
  readonly progress?: ((text: string) => void) | undefined;
  readStdin(): Promise<string>;
  ask(question: string): Promise<string>;
  config(): Promise<Config>;
  /** Aborts what would go on for ever: Ctrl+C. Whoever reads it takes Ctrl+C over. */
  readonly signal?: AbortSignal;
}

export interface Screen {
  readonly rows: () => number;
  write(text: string): void;
}

const INTERRUPTED_EXIT_CODE = 130;

/** The process's own streams. */
export function processIo(): CliIo {
  const { stdin, stdout, stderr } = process;
  // A reader that went away (`aol status | head`) is no failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const env = processEnvironment();
  const isDumb = env.TERM === 'dumb';
  const isCi = !['', '0', 'false'].includes(env.CI ?? '');
  let interruption: AbortSignal | undefined;
  return {
    out: (text) => stdout.write(`${text}\n`),
    outBytes: (bytes) => stdout.write(bytes),
    talk: (text) => stderr.write(`${text}\n`),
    isTerminal: stdin.isTTY === true && stderr.isTTY === true,
    color: stdout.isTTY === true && stdout.hasColors(),
    screen:
      stdout.isTTY === true && !isDumb
        ? { rows: () => stdout.rows || 24, write: (text) => stdout.write(text) }
        : undefined,
    progress: stderr.isTTY === true && !isDumb && !isCi ? (text) => stderr.write(text) : undefined,
    async readStdin() {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
    ask: (question) => askOnce(question),
    config: async () => (await import('../../config/index.ts')).loadConfig(),
    get signal() {
      interruption ??= onInterrupt();
      return interruption;
    },
  };
}

/** The answer; none when the terminal is closed or Ctrl+C is pressed. */
async function askOnce(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  lines.once('SIGINT', () => lines.close());
  try {
    return await Promise.race([lines.question(question).catch(() => ''), closed]);
  } finally {
    lines.close();
  }
}

/** Aborts at the first Ctrl+C or SIGTERM; the second ends the process. */
function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(INTERRUPTED_EXIT_CODE);
      controller.abort();
    });
  }
  return controller.signal;
}
