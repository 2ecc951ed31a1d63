/** Somebody who looks at the API all the time, from a process of its own. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Reaper, startProgram } from './program.ts';

const mainFile = fileURLToPath(new URL('./reader-main.ts', import.meta.url));

const readSchema = z.object({ type: z.literal('read'), path: z.string(), status: z.int(), tookMs: z.number() });
export type Read = z.output<typeof readSchema>;

export interface Reader {
  /** What was read since the last time. */
  take(): Read[];
  stop(): Promise<void>;
}

export async function startReader(options: {
  readonly apiUrl: string;
  readonly token: string;
  readonly folder: string;
  readonly reaper: Reaper;
}): Promise<Reader> {
  const reads: Read[] = [];
  const program = await startProgram({
    name: 'reader',
    args: [mainFile, options.apiUrl, options.token],
    env: {},
    logFile: join(options.folder, 'reader.log'),
    reaper: options.reaper,
    onMessage(message) {
      const read = readSchema.safeParse(message);
      if (read.success) reads.push(read.data);
    },
  });
  return { take: () => reads.splice(0), stop: () => program.kill() };
}
