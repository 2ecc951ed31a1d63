/** Workers that die, freeze, are replaced, or start all at once. */

import { setTimeout as delay } from 'node:timers/promises';
import { orchestratorWorkflowId, providerKey } from '../../../src/contracts/names.ts';
import { until } from '../../support/until.ts';
import { type Fault, now, underLoad } from '../support/fault.ts';
import type { LoadPlan } from '../support/load.ts';
import type { Scene } from '../support/scene.ts';

const RECOVERY_IN_EFFECT_MS = 6_000;
const RECOVERY_MS = 5_000;

const PROOFS: LoadPlan = { kinds: ['proof'], everyMs: 10, answerMs: [0, 0] };

const oneProof = async (scene: Scene, text: string) =>
  (await scene.load.enqueue('proof', {
    type: 'POST_SOCIAL',
    payload: { platform: 'bluesky', content: text },
  })) ?? '';

const statusOf = async (scene: Scene, id: string) =>
  (await scene.db.query('SELECT status FROM aol_actions WHERE id = $1', [id])).rows[0]?.status;

/** One worker of an otherwise idle lane dies; the next one proves. */
const idle: Fault = {
  id: 'F-01-idle',
  title: 'worker kill -9, idle; a new one starts',
  maxRecoveryMs: RECOVERY_MS,
  async play(scene) {
    const [first] = scene.workers;
    const before = await oneProof(scene, 'before');
    await until('it is proved', async () => (await statusOf(scene, before)) === 'SUCCESS');
    await first?.kill();
    await delay(scene.random.whole(0, 1_500));
    await scene.startWorker();
    const endedAt = now();
    const after = await oneProof(scene, 'after');
    await until('it is proved too', async () => (await statusOf(scene, after)) === 'SUCCESS', 30_000);
    return { recoveryMs: now() - endedAt };
  },
};

/** The worker dies while proofs are rendered and stored; another one takes the tick over. */
const inProof: Fault = {
  id: 'F-01-proof',
  title: 'worker kill -9 in a proof',
  quick: true,
  maxRecoveryMs: RECOVERY_MS,
  scene: { flags: { max_actions_per_tick: 50 } },
  async play(scene) {
    const count = async (status: string) =>
      Number((await scene.db.query('SELECT count(*) AS n FROM aol_actions WHERE status = $1', [status])).rows[0]?.n);
    const [first] = scene.workers;
    await scene.startWorker();
    scene.load.start(PROOFS);
    await until('proofs', async () => (await count('SUCCESS')) > 20);
    await until('a proof runs', async () => (await count('RUNNING')) > 0);
    // Whichever of the two holds the lane's workflow: one of them is killed now, the other a moment later and replaced.
    await first?.kill();
    await delay(scene.random.whole(0, 50));
    await until('a proof runs', async () => (await count('RUNNING')) > 0);
    await scene.workers[1]?.kill();
    const running = await count('RUNNING');
    const proved = await count('SUCCESS');
    await scene.startWorker();
    const endedAt = now();
    await until('more proofs', async () => (await count('SUCCESS')) > proved, 30_000);
    const recoveryMs = now() - endedAt;
    return { recoveryMs, note: `${running} in flight`, vacuous: running > 0 ? undefined : 'nothing was in flight' };
  },
};

const MANY_TICKS: LoadPlan = { kinds: ['once'], everyMs: 25, answerMs: [0, 20] };
/** A lane with one action a tick takes 7 to 30 a second, as the machine is quick: what waits has to be done in the end. */
const MOST_WAITING = 100;

/** A replay of the whole history has to fit into one workflow task (2 s), or nobody can take the lane over. */
const longHistory: Fault = {
  id: 'F-01-history',
  title: "worker kill -9 when the lane's history is about as long as it gets",
  maxRecoveryMs: RECOVERY_MS,
  scene: { flags: { max_actions_per_tick: 1 } },
  async play(scene) {
    const lane = scene.temporal.client.workflow.getHandle(orchestratorWorkflowId('default'));
    const length = async () => (await scene.temporal.bounded(() => lane.describe())).historyLength;
    const { load, receiver } = scene;
    load.start({ ...MANY_TICKS, isEnough: () => load.acknowledged.length - receiver.arrivals.length > MOST_WAITING });
    // It grows until it continues as new; the second time it is almost as long, the worker dies.
    let longest = 0;
    await until(
      'continued as new',
      async () => {
        const events = await length().catch(() => longest);
        const isNew = events < longest / 2;
        longest = Math.max(longest, events);
        return isNew;
      },
      90_000,
    );
    await until('a long history', async () => (await length().catch(() => 0)) > longest * 0.9, 90_000);
    await scene.workers[0]?.kill();
    await scene.startWorker();
    const endedAt = now();
    const first = await until(
      'an effect',
      () => scene.receiver.arrivals.find(({ at, isEffect }) => isEffect && at > endedAt),
      60_000,
    );
    return { recoveryMs: first.at - endedAt, note: `${longest} events at most` };
  },
};

/** The one worker dies after its request has arrived and before it was answered; a second one is there already. */
async function killInEffect(scene: Scene, mode: 'once' | 'each', count: number) {
  const [first] = scene.workers;
  const ids = await Promise.all(
    Array.from({ length: count }, () => scene.load.enqueue(mode, scene.load.webhook(mode, 'hold?times=1'))),
  );
  await until('all have arrived', () => scene.receiver.open() === count);
  await scene.startWorker();
  await delay(scene.random.whole(0, 300));
  const inFlight = scene.receiver.open();
  const endedAt = now();
  await first?.kill();
  return { ids: ids.map(String), inFlight, endedAt };
}

const inEffectOnce: Fault = {
  id: 'F-02-dedupes',
  title: 'worker kill -9 between effect and commit, receiver deduplicates',
  quick: true,
  maxRecoveryMs: RECOVERY_IN_EFFECT_MS,
  async play(scene) {
    const { ids, inFlight, endedAt } = await killInEffect(scene, 'once', 3);
    await until('all were sent again', () => ids.every((id) => secondSend(scene, id) !== undefined), 30_000);
    const again = Math.max(...ids.map((id) => secondSend(scene, id)?.at ?? 0));
    return { recoveryMs: again - endedAt, note: `${inFlight} in flight` };
  },
  judge: ({ rows }, scene) =>
    rows.flatMap((row) => {
      const sends = scene.receiver.arrivals.filter(({ key }) => key === providerKey(row.id));
      const effects = sends.filter(({ isEffect }) => isEffect).length;
      const isRight = row.status === 'SUCCESS' && effects === 1 && sends.length === 2;
      return isRight ? [] : [`${row.id} is ${row.status} after ${sends.length} sends and ${effects} effects`];
    }),
};

function secondSend(scene: Scene, id: string) {
  return scene.receiver.arrivals.find(({ key, raw }) => key === providerKey(id) && raw === 2);
}

const inEffectEach: Fault = {
  id: 'F-02-neither',
  title: 'worker kill -9 between effect and commit, receiver does not deduplicate',
  quick: true,
  async play(scene) {
    const { ids, inFlight, endedAt } = await killInEffect(scene, 'each', 2);
    await scene.load.enqueue('each', scene.load.webhook('each', 'ok'));
    const other = await scene.receiver.next(({ key }) => !ids.some((id) => key === providerKey(id)), 30_000);
    return { note: `${inFlight} in flight, another action after ${Math.round(other.at - endedAt)} ms` };
  },
  judge: ({ rows }, scene) =>
    rows.flatMap((row) => {
      const sends = scene.receiver.arrivals.filter(({ key }) => key === providerKey(row.id)).length;
      const expected = scene.receiver.arrivals.find(({ key }) => key === providerKey(row.id))?.path.includes('hold')
        ? 'UNCONFIRMED'
        : 'SUCCESS';
      return row.status === expected && sends === 1 ? [] : [`${row.id} is ${row.status} after ${sends} sends`];
    }),
};

/** Effects, proofs and bookkeeping all at once, and one of two workers dies in the middle of it. */
const underMixedLoad: Fault = {
  id: 'F-02-load',
  title: 'one of two workers kill -9 under load; it comes back',
  maxRecoveryMs: RECOVERY_IN_EFFECT_MS,
  scene: { workers: 2 },
  play: (scene) =>
    underLoad(scene, {
      async hit() {
        await scene.random.pick([scene.workers[0], scene.workers[1]])?.kill();
        await scene.startWorker();
        return now();
      },
    }),
};

/** Rolling restarts: a new one is there before an old one is told to stop. */
const rolling = (id: string, restarts: number, long: boolean): Fault => ({
  id,
  title: `${restarts} rolling restarts by SIGTERM under load`,
  long,
  async play(scene) {
    const problems: string[] = [];
    const findings = await underLoad(scene, {
      async hit() {
        for (let restart = 0; restart < restarts; restart += 1) {
          const old = scene.workers.find((worker) => worker.isRunning());
          await scene.startWorker();
          const startedMs = performance.now();
          const exit = await old?.stop();
          const tookMs = Math.round(performance.now() - startedMs);
          if (exit?.code !== 0) problems.push(`a worker ended with ${exit?.code ?? exit?.signal} after SIGTERM`);
          if (tookMs > 27_000) problems.push(`a worker took ${tookMs} ms to stop`);
        }
        return now();
      },
    });
    return { ...findings, problems: [...(findings.problems ?? []), ...problems] };
  },
  judge: ({ statuses }) => ((statuses.UNCONFIRMED ?? 0) > 0 ? ['a drained worker left something UNCONFIRMED'] : []),
});

const together: Fault = {
  id: 'F-29',
  title: 'five workers start at once',
  scene: { workers: 0 },
  async play(scene) {
    for (let index = 0; index < 10; index += 1) {
      await scene.load.enqueue('once', scene.load.webhook('once', 'ok?ms=200'));
      await scene.load.enqueue('each', scene.load.webhook('each', 'ok?ms=200'));
    }
    await Promise.all(Array.from({ length: 5 }, () => scene.startWorker()));
    const endedAt = now();
    const first = await until('an effect', () => scene.receiver.arrivals[0], 30_000);
    await until('all effects', () => scene.receiver.arrivals.length >= 20, 30_000);
    const { rows } = await scene.db.query(`SELECT count(*) AS n FROM aol_execution_logs WHERE event = 'LEASE_TAKEN'`);
    const holders = Number(rows[0]?.n);
    return {
      recoveryMs: Math.max(0, first.at - endedAt),
      problems: holders === 1 ? [] : [`the lease was taken ${holders} times`],
    };
  },
};

export const workerFaults: readonly Fault[] = [
  idle,
  inProof,
  longHistory,
  inEffectOnce,
  inEffectEach,
  underMixedLoad,
  rolling('F-27', 4, false),
  rolling('F-27-long', 20, true),
  together,
];
