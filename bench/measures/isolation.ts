/** From the call that queues an effect until it starts, while two other lanes of the same worker get no answers; and without them. */

import { setTimeout as delay } from 'node:timers/promises';
import type { RemoteProducer, RemoteWorker } from '../process.ts';
import { nowNs } from '../protocol.ts';
import { onStage } from '../stage.ts';
import { percentile } from '../statistics.ts';
import type { Figure, Trial } from './measure.ts';

const NS_PER_MS = 1e6;
const WARM_UP = 5;
const PAUSE_MS = [80, 160] as const;
/** The measured one and two that hang. Jobs are dealt out to lanes by their numbers. */
const LANES = 3;
const HANGING_EACH = 100;
const FIRST_HANGING = LANES * 1_000_000;
/** Room for the hanging ones to take what they get. */
const SETTLE_MS = 2_000;
/** A job that has not begun so long after the last was queued counts as begun then. */
const LONGEST_WAIT_MS = 60_000;

export const isolationTrials: readonly Trial[] = [
  {
    measure: 'isolation',
    system: 'aol',
    label: 'isolation',
    run: (servers, { idleSamples }) =>
      onStage(servers, 'aol', { real: true, lanes: LANES, width: HANGING_EACH }, async (stage): Promise<Figure[]> => {
        const producer = await stage.producer();
        const worker = await stage.worker();
        await producer.ready();
        await producer.enqueueEach(0, WARM_UP * LANES, PAUSE_MS);
        await producer.finished(WARM_UP * LANES);
        const measure = (round: number) => latencies(producer, worker, WARM_UP + round * idleSamples, idleSamples);
        const alone = await measure(0);
        await worker.behave({ kind: 'hang', fromJob: FIRST_HANGING });
        const hangs = worker.nextBeginning();
        for (let lane = 1; lane < LANES; lane += 1) {
          await producer.enqueueEach(FIRST_HANGING + lane, HANGING_EACH, [0, 0], LANES);
        }
        await hangs;
        await delay(SETTLE_MS);
        const hanging = (await worker.beginnings()).filter(([job]) => job >= FIRST_HANGING).length;
        const beside = await measure(1);
        return [
          ...figures('an effect alone', alone),
          ...figures('an effect beside hanging lanes', beside),
          { system: 'aol', name: 'effects that hang beside it', value: hanging },
        ];
      }),
  },
];

async function latencies(
  producer: RemoteProducer,
  worker: RemoteWorker,
  first: number,
  count: number,
): Promise<number[]> {
  const sent = await producer.enqueueEach(first * LANES, count, PAUSE_MS, LANES);
  const giveUpAt = nowNs() + LONGEST_WAIT_MS * NS_PER_MS;
  const jobs = sent.map(({ from }, index) => ({ job: (first + index) * LANES, from }));
  for (;;) {
    const now = nowNs();
    const began = new Map(await worker.beginnings());
    if (jobs.every(({ job }) => began.has(job)) || now > giveUpAt) {
      return jobs.map(({ job, from }) => ((began.get(job) ?? now) - from) / NS_PER_MS);
    }
    await delay(100);
  }
}

function figures(name: string, milliseconds: readonly number[]): Figure[] {
  return [
    { system: 'aol', name: `${name} p50 ms`, value: percentile(milliseconds, 0.5) },
    { system: 'aol', name: `${name} p99 ms`, value: percentile(milliseconds, 0.99) },
  ];
}
