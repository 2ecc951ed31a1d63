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
 * Fills the queue, then lets it go. The worker is connected before that. Its processes end with it.
 *
 * @param warmsUp one job comes first: where another worker was at work before, this one must have taken over
 */
export async function drain(
  stage: Stage,
  jobs: number,
  handlerMs: number,
  warmsUp = stage.scene.real,
): Promise<{ readonly rate: number; readonly peakRssBytes: number }> {
  const producer = await stage.producer();
  const worker = await stage.worker();
  await worker.behave({ kind: 'work', ms: handlerMs });
  await producer.ready();
  let others = 0;
  if (warmsUp) {
    await producer.enqueueEach(jobs, 1, [0, 0]);
    await producer.finished(1);
    others = 1;
  }
  await producer.fill(jobs);
  const from = nowNs();
  await producer.go(jobs);
  await worker.go();
  await worker.began(jobs + others);
  const to = await producer.finished(jobs);
  const peakRssBytes = await worker.peakRssBytes();
  await Promise.all([producer.stop(), worker.stop()]);
  return { rate: (jobs / (to - from)) * NS_PER_S, peakRssBytes };
}
