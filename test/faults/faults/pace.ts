/** When things happen: not before their time, soon after it, not all at once after a refusal, and not later because of others. */

import { setTimeout as delay } from 'node:timers/promises';
import { providerKey } from '../../../src/contracts/names.ts';
import { until } from '../../support/until.ts';
import { type Fault, now } from '../support/fault.ts';
import { quantile } from '../support/quantile.ts';
import type { Scene } from '../support/scene.ts';

const arrivalsOf = ({ receiver }: Scene, id: string) => receiver.arrivals.filter(({ key }) => key === providerKey(id));

const SCHEDULED = 100;

const scheduled: Fault = {
  id: 'I-18',
  title: `${SCHEDULED} actions with times of their own: none before it, p99 within a second of it`,
  async play(scene) {
    const due = new Map<string, number>();
    for (let index = 0; index < SCHEDULED; index += 1) {
      const runAt = Date.now() + scene.random.whole(3_000, 13_000);
      const input = scene.load.webhook('each', 'ok', { runAt: new Date(runAt).toISOString() });
      const id = await scene.load.enqueue('each', input);
      if (id !== undefined) due.set(id, runAt);
    }
    await until('all were sent', () => scene.receiver.arrivals.length >= due.size, 40_000);
    const late = [...due].map(([id, runAt]) => (arrivalsOf(scene, id)[0]?.at ?? Number.POSITIVE_INFINITY) - runAt);
    const [least, p99] = [Math.min(...late), quantile(late, 0.99)];
    return {
      problems: [
        ...(least < 0 ? [`one was sent ${Math.round(-least)} ms before its time`] : []),
        ...(p99 > 1_000 ? [`p99 is ${Math.round(p99)} ms after its time`] : []),
      ],
      note: `${Math.round(least)} to ${Math.round(Math.max(...late))} ms after its time, p99 ${Math.round(p99)}`,
    };
  },
};

const REFUSED = 100;
const RETRY_AFTER_MS = 5_000;

/** What was refused together does not come back together. */
const refusedTogether: Fault = {
  id: 'I-19',
  title: `${REFUSED} actions answered 429 with Retry-After: 5: none earlier, and spread`,
  scene: { flags: { max_actions_per_tick: 100 } },
  async play(scene) {
    const ids: string[] = [];
    for (let index = 0; index < REFUSED; index += 1) {
      const input = scene.load.webhook('each', 'refused?code=429&after=5&times=1');
      const id = await scene.load.enqueue('each', input);
      if (id !== undefined) ids.push(id);
    }
    await until('all were sent twice', () => scene.receiver.arrivals.length >= 2 * ids.length, 60_000);
    const waits = ids.map((id) => {
      const [first, second] = arrivalsOf(scene, id);
      return (second?.at ?? 0) - (first?.at ?? 0);
    });
    const [least, most] = [Math.min(...waits), Math.max(...waits)];
    // Jitter is half of the first step, a second: the bar is a fifth of that.
    const spread = quantile(waits, 0.95) - quantile(waits, 0.05);
    return {
      problems: [
        ...(least < RETRY_AFTER_MS ? [`one came after ${Math.round(least)} ms`] : []),
        ...(spread < 200 ? [`90 % of them came within ${Math.round(spread)} ms`] : []),
      ],
      note: `again after ${Math.round(least)} to ${Math.round(most)} ms, 90 % of them within ${Math.round(spread)}`,
    };
  },
};

const SAMPLES = 60;
const SAMPLE_INTERVAL_MS = 150;
const HANGING = 15;
/** Below this a ratio says more about the machine than about us. */
export const SMALLEST_BASE_MS = 50;

/** Times from enqueue to arrival of single effects, one after another. */
export async function latencies(scene: Scene): Promise<number[]> {
  const asked = new Map<string, number>();
  for (let index = 0; index < SAMPLES; index += 1) {
    const at = now();
    const id = await scene.load.enqueue('each', scene.load.webhook('each', 'ok'));
    if (id !== undefined) asked.set(id, at);
    await delay(SAMPLE_INTERVAL_MS);
  }
  await until('all were sent', () => [...asked.keys()].every((id) => arrivalsOf(scene, id).length > 0), 30_000);
  return [...asked].map(([id, at]) => (arrivalsOf(scene, id)[0]?.at ?? Number.POSITIVE_INFINITY) - at);
}

const besideHanging: Fault = {
  id: 'I-28',
  title: `${HANGING} actions hang for 20 s each: the others' p99 is at most twice what it was`,
  async play(scene) {
    await latencies(scene);
    const before = quantile(await latencies(scene), 0.99);
    for (let index = 0; index < HANGING; index += 1) {
      await scene.load.enqueue('each', scene.load.webhook('each', 'hang'));
    }
    await until('they hang', () => scene.receiver.open() >= HANGING, 20_000);
    const beside = quantile(await latencies(scene), 0.99);
    const hanging = scene.receiver.open();
    const allowed = 2 * Math.max(before, SMALLEST_BASE_MS);
    return {
      problems: beside > allowed ? [`p99 was ${Math.round(before)} ms and is ${Math.round(beside)} ms`] : [],
      vacuous: hanging >= HANGING ? undefined : `only ${hanging} still hung at the end`,
      note: `p99 ${Math.round(before)} ms before, ${Math.round(beside)} ms beside ${hanging} that hang`,
    };
  },
};

export const paceFaults: readonly Fault[] = [scheduled, refusedTogether, besideHanging];
