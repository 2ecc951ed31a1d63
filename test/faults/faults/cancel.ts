/** Cancels of what waits for its next attempt: it is over at once, and so is its tick's account of it. */

import { providerKey } from '../../../src/contracts/names.ts';
import { until } from '../../support/until.ts';
import type { Fault } from '../support/fault.ts';
import type { Scene } from '../support/scene.ts';
import { statusesOf, ticksOf, wake } from '../support/tick-at-work.ts';

/** Its row of the ledger knows at once; what else works in the tick ends after a second. */
const CLOSE_LIMIT_MS = 8_000;

async function openTicks({ db }: Scene): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM aol_tick_ledger WHERE finished_at IS NULL OR running > 0',
  );
  return rows[0]?.n ?? 0;
}

const waitingRetry: Fault = {
  id: 'I-22-cancel',
  title: 'actions that wait for their next attempt are cancelled, alone in their tick and beside one that works',
  quick: true,
  async play(scene) {
    const { load, client, receiver } = scene;
    const webhook = (kind: 'once' | 'each', way: string) => ({ kind, input: load.webhook(kind, way) });
    const refused = (kind: 'once' | 'each') => webhook(kind, 'refused?code=429&after=3&times=1');
    const problems: string[] = [];
    let ticks = 0;
    for (const beside of [[], [webhook('each', 'ok?ms=2500')]]) {
      const ids = await load.enqueueTogether([refused('each'), refused('once'), ...beside]);
      const waiting = ids.slice(0, 2);
      await wake(scene).catch(() => undefined);
      const isWaiting = async () => (await statusesOf(scene, waiting)).every((status) => status === 'RETRY');
      await until('they wait for their next attempt', isWaiting);
      ticks = Math.max(ticks, await ticksOf(scene, ids));
      const cancelled = await Promise.all(waiting.map((id) => client.cancel(id)));
      problems.push(...cancelled.filter(({ status }) => status !== 'CANCELLED').map(({ status }) => `it is ${status}`));
      await until('its tick is closed', async () => (await openTicks(scene)) === 0, CLOSE_LIMIT_MS).catch(() =>
        problems.push(`a tick was still open ${CLOSE_LIMIT_MS / 1_000} s after its retries were cancelled`),
      );
      const again = waiting.filter((id) => receiver.arrivals.filter(({ key }) => key === providerKey(id)).length !== 1);
      problems.push(...again.map((id) => `${id} was sent again after it was cancelled`));
    }
    return { problems, vacuous: ticks === 1 ? undefined : `${ticks} ticks claimed what was meant for one` };
  },
  judge: ({ statuses }) =>
    statuses.CANCELLED === 4 && statuses.SUCCESS === 1 ? [] : [`they ended as ${JSON.stringify(statuses)}`],
};

export const cancelFaults: readonly Fault[] = [waitingRetry];
