/** What a command may touch outside: streams, terminal, configuration. Tests hand in their own. */

import { processEnvironment } from '../../config/environment.ts';
import type { Config } from '../../config/index.ts';
import { listenForStop } from '../up/process-tree.ts';
import { askOnce } from './ask.ts';

export interface CliIo {
  /** Results. */
  out(text: string): void;
  /** Results that are bytes, exactly these. */
  outBytes(bytes: Uint8Array): void;
  /** Talk: questions, errors, what is worth a line. */
  talk(text: string): void;
  /** Whether a person can be asked. */
  readonly isTerminal: boolean;
  /** Whether results go to a terminal, not into a file, a journal or a pipe. */
  readonly isOutTerminal: boolean;
  /** Whether results may be coloured; false under NO_COLOR. */
  readonly color: boolean;
  /** The terminal that the results go to; absent when they go elsewhere. */
  readonly screen?: Screen | undefined;
  /** Writes to the terminal that the talk goes to; absent when nobody watches: no terminal, a dumb one, or CI. */
  readonly progress?: ((text: string) => void) | undefined;
  readStdin(): Promise<Uint8Array>;
  /** The answer of a person; a secret one is not shown while it is typed. Ctrl+C rejects. */
  ask(question: string, how?: { readonly isSecret: boolean }): Promise<string>;
  config(): Promise<Config>;
  /** Aborts what would go on for ever: Ctrl+C, and the end of our launcher. Whoever reads it takes Ctrl+C over. */
  readonly signal?: AbortSignal | undefined;
}

export interface Screen {
  readonly rows: () => number;
  write(text: string): void;
}

const INTERRUPTED_EXIT_CODE = 130;

/** The process's own streams. */
export function processIo(): CliIo {
  const { stdin, stdout, stderr } = process;
  endWithReaders();
  const env = processEnvironment();
  const isDumb = env.TERM === 'dumb';
  const isCi = !['', '0', 'false'].includes(env.CI ?? '');
  let interruption: AbortSignal | undefined;
  return {
    out: (text) => stdout.write(`${text}\n`),
    outBytes: (bytes) => stdout.write(bytes),
    talk: (text) => stderr.write(`${text}\n`),
    isTerminal: stdin.isTTY === true && stderr.isTTY === true,
    isOutTerminal: stdout.isTTY === true,
    color: stdout.isTTY === true && stdout.hasColors(),
    screen:
      stdout.isTTY === true && !isDumb
        ? { rows: () => stdout.rows || 24, write: (text) => stdout.write(text) }
        : undefined,
    progress: stderr.isTTY === true && !isDumb && !isCi ? (text) => stderr.write(text) : undefined,
    async readStdin() {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks);
    },
    ask: (question, how) => askOnce({ input: stdin, output: stderr }, question, how),
    config: async () => (await import('../../config/index.ts')).loadConfig(),
    get signal() {
      interruption ??= listenForStop(() => process.exit(INTERRUPTED_EXIT_CODE)).asked;
      return interruption;
    },
  };
}

/**
 * A reader that went away (`aol status | head`) is no failure: we end, too. Whoever has something to stop first listens for
 * SIGTERM, and is asked by it, once.
 */
function endWithReaders(): void {
  let isAsked = false;
  const onError = (error: NodeJS.ErrnoException) => {
    if (process.listenerCount('SIGTERM') === 0) process.exit(error.code === 'EPIPE' ? 0 : 1);
    if (!isAsked) process.emit('SIGTERM', 'SIGTERM');
    isAsked = true;
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', onError);
}
