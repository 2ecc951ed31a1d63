/** How long it takes until a job is safe: one at a time, over HTTP, and in bulk. No worker runs. */

import { NotMeasured, type Span, type SystemName } from '../protocol.ts';
import { onStage } from '../stage.ts';
import { percentile } from '../statistics.ts';
import type { Figure, Trial } from './measure.ts';

const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;
const WARM_UP = 20;
const WARM_UP_BULK = 2_000;

export const enqueueTrials: readonly Trial[] = (['aol', 'bare-temporal', 'pg-boss', 'graphile-worker'] as const).map(
  (system) => ({
    measure: 'enqueue',
    system,
    label: 'enqueue',
    run: (servers, sizes) =>
      onStage(servers, system, {}, async (stage) => {
        const producer = await stage.producer();
        await producer.enqueueEach(0, WARM_UP, [0, 0]);
        const each = await producer.enqueueEach(WARM_UP, sizes.latencySamples, [0, 0]);
        const figures = latencies(system, 'enqueue', each);
        if (system === 'aol') {
          await producer.enqueueOverHttp(WARM_UP);
          figures.push(...latencies(system, 'enqueue over HTTP', await producer.enqueueOverHttp(sizes.latencySamples)));
        }
        figures.push(
          ...(await unlessAbsent(async () => {
            await producer.enqueueBulk(WARM_UP_BULK);
            const ns = await producer.enqueueBulk(sizes.bulkJobs);
            return [{ system, name: 'bulk enqueue /s', value: (sizes.bulkJobs / ns) * NS_PER_S }];
          })),
        );
        return figures;
      }),
  }),
);

function latencies(system: SystemName, name: string, spans: readonly Span[]): Figure[] {
  const milliseconds = spans.map(({ from, to }) => (to - from) / NS_PER_MS);
  return [
    { system, name: `${name} p50 ms`, value: percentile(milliseconds, 0.5) },
    { system, name: `${name} p99 ms`, value: percentile(milliseconds, 0.99) },
  ];
}

async function unlessAbsent(measure: () => Promise<Figure[]>): Promise<Figure[]> {
  try {
    return await measure();
  } catch (error) {
    if (error instanceof NotMeasured) return [];
    throw error;
  }
}
