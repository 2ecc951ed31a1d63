/** From the call that queues a job, to a worker with nothing else to do, until its handler begins. */

import type { SystemName } from '../protocol.ts';
import { onStage } from '../stage.ts';
import { percentile } from '../statistics.ts';
import type { Figure, Sizes, Trial } from './measure.ts';

const NS_PER_MS = 1e6;
const WARM_UP = 5;

interface Case {
  readonly system: SystemName;
  readonly real?: boolean;
  readonly pauseMs: readonly [number, number];
  readonly samples: 'idleSamples' | 'slowIdleSamples';
}

const usual = { pauseMs: [80, 160], samples: 'idleSamples' } as const;

const cases: readonly Case[] = [
  { system: 'aol', ...usual },
  { system: 'aol', real: true, ...usual },
  { system: 'bare-temporal', ...usual },
  { system: 'pg-boss', ...usual },
  // Longer than its polls are apart, so that no job waits for another.
  { system: 'pg-boss-defaults', pauseMs: [2_100, 4_100], samples: 'slowIdleSamples' },
  { system: 'graphile-worker', ...usual },
];

export const idleTrials: readonly Trial[] = cases.map((one) => ({
  measure: 'idle',
  system: one.system,
  label: one.real ? 'idle REAL' : 'idle',
  run: (servers, sizes) => measure(one, servers, sizes),
}));

async function measure(
  { system, real = false, pauseMs, samples }: Case,
  servers: Parameters<Trial['run']>[0],
  sizes: Sizes,
): Promise<Figure[]> {
  return onStage(servers, system, { real }, async (stage) => {
    const producer = await stage.producer();
    const worker = await stage.worker();
    await worker.go();
    await producer.ready();
    const count = sizes[samples];
    const warmUp = system === 'pg-boss-defaults' ? 1 : WARM_UP;
    await producer.enqueueEach(0, warmUp, pauseMs);
    // Where an effect cannot be performed yet, this is where it shows.
    if (real) await producer.finished(warmUp);
    const sent = await producer.enqueueEach(warmUp, count, pauseMs);
    await worker.began(warmUp + count);
    const began = new Map(await worker.beginnings());
    const latencies = sent.map(({ from }, index) => ((began.get(warmUp + index) ?? Number.NaN) - from) / NS_PER_MS);
    const name = real ? 'idle REAL' : 'idle';
    return [
      { system, name: `${name} p50 ms`, value: percentile(latencies, 0.5) },
      { system, name: `${name} p99 ms`, value: percentile(latencies, 0.99) },
    ];
  });
}
