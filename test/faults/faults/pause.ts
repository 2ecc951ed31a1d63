/** I-15: pause is as quick as kill, and loses nothing. */

import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { type Fault, now } from '../support/fault.ts';
import type { LoadPlan } from '../support/load.ts';

const LATEST_START_MS = 1_000;
const PAUSES = 10;
const PLAN: LoadPlan = { kinds: ['once', 'each', 'proof'], everyMs: 30, answerMs: [20, 1_000] };

const paused: Fault = {
  id: 'I-15',
  title: `${PAUSES} pauses under load: no attempt afterwards, what runs ends by itself, resume drains`,
  scene: { workers: 2 },
  async play({ client, receiver, load, random }) {
    const latest: number[] = [];
    const problems: string[] = [];
    load.start(PLAN);
    for (let index = 0; index < PAUSES; index += 1) {
      const before = receiver.arrivals.length;
      await until('effects in flight', () => receiver.arrivals.length > before + 2 && receiver.open() >= 2, 30_000);
      await delay(random.whole(0, 150));
      await client.pause({ reason: 'fault suite' });
      const answeredAt = now();
      await delay(LATEST_START_MS + 100);
      latest.push(
        Math.max(0, ...receiver.arrivals.filter(({ at }) => at > answeredAt).map(({ at }) => at - answeredAt)),
      );
      const { lanes } = await client.status();
      if (lanes[0]?.lease.health === 'RED') problems.push('the lease was not held while paused');
      await client.resume();
    }
    await load.stop();
    const worst = Math.max(...latest);
    if (worst > LATEST_START_MS) problems.push(`an effect started ${Math.round(worst)} ms after pause had answered`);
    return { problems, note: `latest start ${Math.round(worst)} ms after the answer` };
  },
  judge: ({ statuses }) => ((statuses.UNCONFIRMED ?? 0) > 0 ? ['pause cut an effect off'] : []),
};

export const pauseFaults: readonly Fault[] = [paused];
