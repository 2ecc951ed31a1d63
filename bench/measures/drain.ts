/** How fast a full queue empties: from the moment it may, to the last job's committed end. */

import { nowNs, type SystemName } from '../protocol.ts';
import type { SceneSettings } from '../servers.ts';
import { onStage, type Stage } from '../stage.ts';
import type { Figure, Trial } from './measure.ts';

const NS_PER_S = 1e9;
const MIB = 1024 * 1024;
const SLOW_HANDLER_MS = 50;

interface Case {
  readonly system: SystemName;
  readonly name: string;
  readonly handlerMs: number;
  readonly settings: Partial<SceneSettings>;
}

const PEERS = ['bare-temporal', 'pg-boss', 'graphile-worker'] as const;
const [noop, slow] = ['drain', 'drain with 50 ms handlers'];

const cases: readonly Case[] = [
  { system: 'aol', name: `${noop}, 50 a tick`, handlerMs: 0, settings: { perTick: 50 } },
  { system: 'aol', name: `${noop}, 200 a tick`, handlerMs: 0, settings: { perTick: 200 } },
  ...PEERS.map((system) => ({ system, name: `${noop}`, handlerMs: 0, settings: {} })),
  { system: 'aol', name: `${slow}, REAL`, handlerMs: SLOW_HANDLER_MS, settings: { real: true } },
  ...PEERS.map((system) => ({ system, name: `${slow}`, handlerMs: SLOW_HANDLER_MS, settings: {} })),
];

export const drainTrials: readonly Trial[] = cases.map(({ system, name, handlerMs, settings }) => ({
  measure: 'drain',
  system,
  label: name,
  run: (servers, { drainJobs }) =>
    onStage(servers, system, settings, async (stage): Promise<Figure[]> => {
      const { rate, peakRssBytes } = await drain(stage, drainJobs, handlerMs);
      return [
        { system, name: `${name} /s`, value: rate },
        { system, name: `${name}, peak RSS MiB`, value: peakRssBytes / MIB },
      ];
    }),
}));

/**
 * Fills the queue, then lets it go. The workers are connected before that. Its processes end with it.
 *
 * @param options.warmsUp a job of each lane comes first: where another worker was at work before, this one must have taken over
 */
export async function drain(
  stage: Stage,
  jobs: number,
  handlerMs: number,
  { warmsUp = stage.scene.real, workers: count = 1 }: { readonly warmsUp?: boolean; readonly workers?: number } = {},
): Promise<{ readonly rate: number; readonly peakRssBytes: number }> {
  const producer = await stage.producer();
  const workers = await Promise.all(Array.from({ length: count }, () => stage.worker()));
  for (const worker of workers) await worker.behave({ kind: 'work', ms: handlerMs });
  await producer.ready();
  const others = warmsUp ? stage.scene.lanes : 0;
  if (warmsUp) {
    await producer.enqueueEach(jobs, others, [0, 0]);
    await producer.finished(others);
  }
  await producer.fill(jobs);
  const from = nowNs();
  await producer.go(jobs);
  for (const worker of workers) await worker.go();
  // One worker knows when the last job began, and the database need not be asked until then.
  if (count === 1) await workers[0]?.began(jobs + others);
  const to = await producer.finished(jobs);
  const peakRssBytes = Math.max(...(await Promise.all(workers.map((worker) => worker.peakRssBytes()))));
  await Promise.all([producer, ...workers].map((remote) => remote.stop()));
  return { rate: (jobs / (to - from)) * NS_PER_S, peakRssBytes };
}
