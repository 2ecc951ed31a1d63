/** Providers that hang: a lane that waits for one leaves the others their part, and waiting is no death. */

import { setFlag } from '../../support/engine.ts';
import { until } from '../../support/until.ts';
import { type Fault, now } from '../support/fault.ts';
import { quantile } from '../support/quantile.ts';
import type { Scene } from '../support/scene.ts';
import { wake } from '../support/tick-at-work.ts';
import { latencies, SMALLEST_BASE_MS } from './pace.ts';
import { deadWorkers } from './temporal.ts';

const EACH = 100;
const FLAGS = { max_actions_per_tick: EACH, max_running: EACH };
const LATEST_START_MS = 2_000;

async function hang(scene: Scene, lanes: readonly string[]): Promise<void> {
  for (const lane of lanes) {
    await scene.client.createLane(lane);
    await setFlag(scene.db, 'proof_only', false, lane);
    await setFlag(scene.db, 'approval_policy', 'none', lane);
  }
  for (const lane of lanes) {
    const inputs = Array.from({ length: EACH }, () => scene.load.webhook('each', 'hang', { lane }));
    await scene.load.enqueueMany('each', inputs);
    // A lane without a run is started by the supervisor.
    await wake(scene, lane).catch(() => undefined);
  }
}

/** Nobody died, so nothing may be taken for dead: not taken back (an attempt that the gate refused is another thing), not dead-lettered. */
async function takenForDead(scene: Scene): Promise<string[]> {
  const { rows } = await scene.db.query<{ released: number; crashed: number }>(
    `SELECT (SELECT count(*)::int FROM aol_execution_logs WHERE event = 'RELEASED' AND attempt IS NULL) AS released,
       (SELECT count(*)::int FROM aol_actions WHERE dlq_reason = 'crashed') AS crashed`,
  );
  const { released = 0, crashed = 0 } = rows[0] ?? {};
  return [
    ...deadWorkers(scene),
    ...(released > 0 ? [`${released} claims were taken back`] : []),
    ...(crashed > 0 ? [`${crashed} were dead-lettered as crashed, and no worker died`] : []),
  ];
}

const twoLanes: Fault = {
  id: 'I-28-lanes',
  title: `two lanes with ${EACH} effects each hang: those of a third begin as soon as alone`,
  scene: { flags: FLAGS },
  async play(scene) {
    await latencies(scene);
    const alone = quantile(await latencies(scene), 0.99);
    await hang(scene, ['a', 'b']);
    await until('they hang', () => scene.receiver.open() >= 2 * EACH, 15_000).catch(() => undefined);
    const hanging = scene.receiver.open();
    const since = now();
    const times = await latencies(scene);
    const [beside, worst] = [quantile(times, 0.99), Math.max(...times)];
    const allowed = 2 * Math.max(alone, SMALLEST_BASE_MS);
    return {
      problems: [
        ...(beside > allowed ? [`p99 was ${Math.round(alone)} ms alone and is ${Math.round(beside)} ms`] : []),
        ...(worst > LATEST_START_MS ? [`an effect began ${Math.round(worst)} ms after it was queued`] : []),
        ...(await takenForDead(scene)),
      ],
      vacuous: hanging >= 1.9 * EACH ? undefined : `only ${hanging} hung`,
      note:
        `p99 ${Math.round(alone)} ms alone, ${Math.round(beside)} ms beside ${hanging} that hang, ` +
        `${scene.receiver.open()} of them still after ${((now() - since) / 1_000).toFixed(1)} s`,
    };
  },
};

const LANES = Array.from('abcdefghij');
const LANES_LIMIT_MS = 200_000;

/** A thousand that wait up to 20 s each: with too few at once the last ones wait longer than a claim is good for. */
const tenLanes: Fault = {
  id: 'F-11-lanes',
  title: `${LANES.length} lanes with ${EACH} effects each at a provider that hangs: none is taken for dead`,
  scene: { flags: FLAGS },
  async play(scene) {
    await hang(scene, LANES);
    const total = LANES.length * EACH;
    let most = 0;
    let claimed = 0;
    const left = async () => {
      most = Math.max(most, scene.receiver.open());
      const { rows } = await scene.db.query<{ left: number; claimed: number }>(
        `SELECT count(*) FILTER (WHERE status IN ('PENDING', 'RUNNING', 'RETRY'))::int AS left,
           count(*) FILTER (WHERE status = 'RUNNING')::int AS claimed FROM aol_actions`,
      );
      claimed = Math.max(claimed, rows[0]?.claimed ?? 0);
      return rows[0]?.left ?? total;
    };
    const startedAt = now();
    const ended = await until('all ended', async () => (await left()) === 0, LANES_LIMIT_MS).catch(() => false);
    return {
      problems: [
        ...(ended ? [] : [`${await left()} of ${total} had not ended after ${LANES_LIMIT_MS / 1_000} s`]),
        ...(await takenForDead(scene)),
      ],
      vacuous: claimed > 0.9 * total ? undefined : `only ${claimed} were claimed at once`,
      note: `at most ${most} hung at once, all ended after ${Math.round((now() - startedAt) / 1_000)} s`,
    };
  },
  judge: ({ statuses }) =>
    statuses.UNCONFIRMED === LANES.length * EACH ? [] : [`they ended as ${JSON.stringify(statuses)}`],
};

export const hangingFaults: readonly Fault[] = [twoLanes, tenLanes];
