/** Kill: how late an effect starts after kill has answered, and how soon what runs is aborted. */

import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { type Fault, type Findings, now } from '../support/fault.ts';
import type { LoadPlan } from '../support/load.ts';
import type { Scene } from '../support/scene.ts';
import { queueTick, untilAtWork, wrongEndings } from '../support/tick-at-work.ts';

const LATEST_START_MS = 1_000;
const MEDIAN_START_MS = 300;
const LATEST_ABORT_MS = 1_000;

/** Answers that take longer than a kill may leave them. */
export const SLOW_ANSWERS: LoadPlan = { kinds: ['once', 'each'], everyMs: 30, answerMs: [20, 3_000] };

export interface Killed {
  /** The last effect that started after the answer; 0 when none did. */
  readonly startMs: number;
  /** Until nothing was open at the receiver any more. */
  readonly abortMs: number;
  readonly answerMs: number;
  readonly inFlight: number;
}

export async function killOnce(scene: Scene): Promise<Killed> {
  const { receiver, client } = scene;
  await until('effects in flight', () => receiver.open() >= 2, 30_000);
  await delay(scene.random.whole(0, 150));
  const inFlight = receiver.open();
  const askedAt = now();
  await client.kill({ reason: 'fault suite' });
  const answeredAt = now();
  const aborted = await until('all aborted', () => receiver.open() === 0, 5_000).then(now, () => undefined);
  await delay(Math.max(0, answeredAt + LATEST_START_MS + 50 - now()));
  const late = receiver.arrivals.filter(({ at }) => at > answeredAt).map(({ at }) => at - answeredAt);
  return {
    startMs: Math.max(0, ...late),
    abortMs: aborted === undefined ? Number.POSITIVE_INFINITY : aborted - answeredAt,
    answerMs: answeredAt - askedAt,
    inFlight,
  };
}

export async function startAgain(scene: Scene): Promise<void> {
  const before = scene.receiver.arrivals.length;
  await scene.client.start();
  await until('effects again', () => scene.receiver.arrivals.length > before + 2, 30_000);
}

export function judgeKills(kills: readonly Killed[], latestAbortMs = LATEST_ABORT_MS): Findings {
  const starts = kills.map(({ startMs }) => startMs).sort((a, b) => a - b);
  const worst = starts.at(-1) ?? 0;
  const median = starts[Math.floor(starts.length / 2)] ?? 0;
  const abort = Math.max(...kills.map(({ abortMs }) => abortMs));
  const answer = Math.max(...kills.map(({ answerMs }) => answerMs));
  return {
    vacuous: kills.every(({ inFlight }) => inFlight > 0) ? undefined : 'a kill hit nothing in flight',
    problems: [
      ...(worst > LATEST_START_MS ? [`an effect started ${Math.round(worst)} ms after kill had answered`] : []),
      ...(median > MEDIAN_START_MS ? [`the median of the latest starts is ${Math.round(median)} ms`] : []),
      ...(abort > latestAbortMs ? [`an effect was open ${Math.round(abort)} ms after kill had answered`] : []),
    ],
    note:
      `${kills.length} kills: latest start ${Math.round(worst)} ms (median ${Math.round(median)}), ` +
      `latest abort ${Math.round(abort)} ms, slowest answer ${Math.round(answer)} ms`,
  };
}

function underLoad(id: string, times: number, run: Pick<Fault, 'quick' | 'long' | 'settleLimitMs'>): Fault {
  return {
    id,
    title: `${times} kills under load`,
    ...run,
    scene: { workers: 2 },
    async play(scene) {
      const kills: Killed[] = [];
      scene.load.start(SLOW_ANSWERS);
      for (let index = 0; index < times; index += 1) {
        if (index > 0) await startAgain(scene);
        kills.push(await killOnce(scene));
      }
      await scene.load.stop();
      await scene.client.start();
      return judgeKills(kills);
    },
  };
}

const temporalDown: Fault = {
  id: 'I-14-temporal',
  title: 'kill while Temporal is down',
  async play(scene) {
    const { temporal } = scene.servers;
    const kills: Killed[] = [];
    scene.load.start(SLOW_ANSWERS);
    for (let index = 0; index < 3; index += 1) {
      if (index > 0) await startAgain(scene);
      await until('effects in flight', () => scene.receiver.open() >= 2, 30_000);
      await temporal.end('SIGKILL');
      kills.push(await killOnce(scene));
      await temporal.start();
    }
    await scene.load.stop();
    await scene.client.start();
    return judgeKills(kills);
  },
};

const FLOOD = 2_000;

const flooded: Fault = {
  id: 'I-14-flood',
  title: `kill after ${FLOOD} control calls, and among more of them`,
  async play(scene) {
    const { client } = scene;
    scene.load.start(SLOW_ANSWERS);
    let left = FLOOD;
    const press = async () => {
      while (left > 0) {
        left -= 1;
        await (left % 2 === 0 ? client.resume() : client.pause()).catch(() => undefined);
      }
    };
    const flood = Promise.all(Array.from({ length: 8 }, press));
    await until('most of the flood', () => left < 200, 120_000);
    const kills = [await killOnce(scene)];
    await flood;
    await client.resume();
    for (let index = 0; index < 2; index += 1) {
      await startAgain(scene);
      kills.push(await killOnce(scene));
    }
    await scene.load.stop();
    await scene.client.start();
    return judgeKills(kills);
  },
};

const slowDatabase: Fault = {
  id: 'I-14-slow',
  title: "kill while the workers' way to PostgreSQL takes 5 to 20 ms each way",
  scene: { proxied: true },
  async play(scene) {
    const kills: Killed[] = [];
    scene.load.start(SLOW_ANSWERS);
    await until('effects in flight', () => scene.receiver.open() >= 2, 30_000);
    scene.proxies.postgres.slow(5, 20);
    for (let index = 0; index < 3; index += 1) {
      if (index > 0) await startAgain(scene);
      kills.push(await killOnce(scene));
    }
    scene.proxies.postgres.slow(0, 0);
    await scene.load.stop();
    await scene.client.start();
    return judgeKills(kills);
  },
};

const HELD = 6;
/** The second of promise 7, and half of one for a busy machine. */
const ABORT_LIMIT_MS = 1_500;

/** The kill's row is committed where the worker cannot see it: what aborts comes over Temporal. */
const silentLink: Fault = {
  id: 'I-14-silent',
  title: "kill while the worker's own link to PostgreSQL is silent, and the API's is well",
  scene: { workers: 0 },
  async play(scene) {
    const { servers, proxies, client, receiver } = scene;
    await scene.startWorker({ env: { DATABASE_URL: servers.databaseUrl(scene.database, proxies.postgres.port) } });
    const kills: Killed[] = [];
    for (let index = 0; index < 2; index += 1) {
      await queueTick(scene, HELD, 'hold?times=1');
      await untilAtWork(scene, HELD);
      await delay(scene.random.whole(100, 600));
      const inFlight = receiver.open();
      proxies.postgres.blackhole();
      const askedAt = now();
      await client.kill({ reason: 'fault suite' });
      const answeredAt = now();
      const abortMs = await until('all aborted', () => receiver.open() === 0, 25_000).then(
        () => now() - answeredAt,
        () => Number.POSITIVE_INFINITY,
      );
      const late = receiver.arrivals.filter(({ at }) => at > answeredAt).map(({ at }) => at - answeredAt);
      kills.push({ startMs: Math.max(0, ...late), abortMs, answerMs: answeredAt - askedAt, inFlight });
      proxies.postgres.heal();
      // What went silent stays so: nobody told the worker.
      await client.start();
      await until('nothing waits', async () => (await unsettled(scene)) === 0, 60_000);
    }
    return judgeKills(kills, ABORT_LIMIT_MS);
  },
  judge: ({ rows }, scene) => wrongEndings(rows, scene),
};

async function unsettled({ db }: Scene): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM aol_actions WHERE status IN ('PENDING', 'RUNNING', 'RETRY')`,
  );
  return rows[0]?.n ?? 0;
}

export const killFaults: readonly Fault[] = [
  underLoad('I-13', 20, { quick: true }),
  // Dead for half of five minutes, with the load going on: what waits in the end takes two minutes to work off.
  underLoad('I-13-long', 200, { long: true, settleLimitMs: 240_000 }),
  temporalDown,
  flooded,
  slowDatabase,
  silentLink,
];
