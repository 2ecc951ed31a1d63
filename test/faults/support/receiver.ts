/** The receiver as the harness sees it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/until.ts';
import { type Reaper, startProgram } from './program.ts';
import { type Arrival, arrivalSchema, type Closed, reportSchema } from './receiver-protocol.ts';

const mainFile = fileURLToPath(new URL('./receiver-main.ts', import.meta.url));

export interface Receiver {
  readonly port: number;
  /** What was told up to now. The file is the record. */
  readonly arrivals: readonly Arrival[];
  /** Requests that were answered or cut, in the order in which that happened. */
  readonly closings: readonly Closed[];
  /** Requests that have arrived and are neither answered nor cut. */
  open(): number;
  /** The first request from now on of which this is true. */
  next(matches: (arrival: Arrival) => boolean, limitMs?: number): Promise<Arrival>;
  /** Called at each arrival, at once. */
  onArrival(listener: (arrival: Arrival) => void): void;
  release(): void;
  /** The file: every request that ever arrived. */
  recorded(): Arrival[];
  stop(): Promise<void>;
}

export async function startReceiver(folder: string, reaper: Reaper): Promise<Receiver> {
  const file = join(folder, 'receiver.jsonl');
  writeFileSync(file, '');
  const arrivals: Arrival[] = [];
  const closings: Closed[] = [];
  const listeners: ((arrival: Arrival) => void)[] = [];
  let port: number | undefined;
  let open = 0;
  const program = await startProgram({
    name: 'receiver',
    args: [mainFile, file],
    env: {},
    logFile: join(folder, 'receiver.log'),
    reaper,
    onMessage(message) {
      const report = reportSchema.safeParse(message).data;
      if (report?.type === 'listening') port = report.port;
      if (report?.type === 'closed') {
        open -= 1;
        closings.push(report);
      }
      if (report?.type !== 'arrived') return;
      open += 1;
      arrivals.push(report);
      for (const listener of listeners) listener(report);
    },
  });
  return {
    port: await until('the receiver listens', () => port),
    arrivals,
    closings,
    open: () => open,
    async next(matches, limitMs) {
      const before = arrivals.length;
      return until('an arrival', () => arrivals.slice(before).find(matches), limitMs);
    },
    onArrival: (listener) => void listeners.push(listener),
    release: () => program.send({ type: 'release' }),
    recorded: () =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => arrivalSchema.parse(JSON.parse(line))),
    stop: () => program.kill(),
  };
}
