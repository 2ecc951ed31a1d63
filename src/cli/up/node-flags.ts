/**
 * How Node is started for a command of ours; `bin/aol.mjs` reads it, too. A worker has three heaps, its own and one for the
 * workflows of each task queue, and twenty threads; with Node's and glibc's own settings a third of its memory is spare room.
 * The bound is for each heap, which needs a tenth of it.
 */

export const WORKER_FLAGS = ['--max-semi-space-size=4', '--max-old-space-size=512'] as const;
export const WORKER_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' } as const;

/** @param args the command and its arguments, such as `worker` */
export function nodeFlags(args: readonly string[]): readonly string[] {
  return isWorker(args) ? WORKER_FLAGS : [];
}

export function nodeEnvironment(args: readonly string[]): Readonly<Record<string, string>> {
  return isWorker(args) ? WORKER_ENVIRONMENT : {};
}

/** Also behind options of the program: `aol --json worker`. */
function isWorker(args: readonly string[]): boolean {
  return args.find((argument) => !argument.startsWith('-')) === 'worker';
}
