/** A tick of many effects that began together, hit when some are past the gate and some are not. */

import { setTimeout as delay } from 'node:timers/promises';
import { providerKey } from '../../../src/contracts/names.ts';
import { until } from '../../support/until.ts';
import { type Fault, type Findings, now } from '../support/fault.ts';
import type { Scene } from '../support/scene.ts';
import { openAttempts, queueTick, statusesOf, untilAtWork, wrongEndings } from '../support/tick-at-work.ts';
import { judgeKills, type Killed } from './kill.ts';

/**
 * More than two times those that ask the gate at once. When the first 50 are at work, the next 50 have asked, and their question arrives
 * though the worker dies; the rest has not asked.
 */
const SIZE = 120;
const SCENE = { workers: 0, flags: { max_actions_per_tick: SIZE, max_running: 2 * SIZE } };
const ROUNDS = 3;
/** What may have been sent is known 20 s later. */
const DEATHS = 2;
const OPEN: readonly string[] = ['PENDING', 'RUNNING', 'RETRY'];
const LATEST_START_MS = 1_000;

/** A way to PostgreSQL on which so many gates take a while: milliseconds each way. */
async function startSlowWorker(scene: Scene, fromMs: number, toMs: number): Promise<void> {
  const { servers, database, proxies } = scene;
  proxies.postgres.slow(fromMs, toMs);
  await scene.startWorker({ env: { DATABASE_URL: servers.databaseUrl(database, proxies.postgres.port) } });
}

interface Hit {
  readonly ids: readonly string[];
  /** At work when it was hit. */
  readonly past: number;
  readonly before: number;
}

/** Queues a tick and answers as soon as some of it has arrived at the receiver. */
async function tickInTheMiddle(scene: Scene, way: string): Promise<Hit> {
  const seen = scene.receiver.arrivals.length;
  const ids = await queueTick(scene, SIZE, way);
  await until('the first of them', () => scene.receiver.arrivals.length > seen);
  await delay(scene.random.whole(0, 40));
  const past = scene.receiver.arrivals.length - seen;
  return { ids, past, before: SIZE - past };
}

const untilEnded = (scene: Scene, ids: readonly string[]) =>
  until('all ended', async () => (await statusesOf(scene, ids)).every((status) => !OPEN.includes(status)), 60_000);

const hitNothing = (hits: readonly Hit[]) =>
  hits.some(({ past, before }) => past > 0 && before > 0) ? undefined : 'no tick was hit in its middle';

const words = (hits: readonly Hit[]) => hits.map(({ past, before }) => `${past}/${before}`).join(', ');

/** Dies by SIGKILL. What was not sent goes on; what may have been sent is told apart by its intent. */
const death: Fault = {
  id: 'F-02-tick',
  title: `worker kill -9 in the middle of a tick of ${SIZE} effects, ${DEATHS} times`,
  scene: SCENE,
  async play(scene) {
    const hits: Hit[] = [];
    const problems: string[] = [];
    for (let round = 0; round < DEATHS; round += 1) {
      // The gate of the others has not come to PostgreSQL when the first have been sent.
      await startSlowWorker(scene, 120, 140);
      const { ids } = await tickInTheMiddle(scene, 'ok?ms=1000');
      await scene.workers.at(-1)?.kill();
      await until('its connections are gone', () => noWorkerConnected(scene));
      const intended = new Set(await openAttempts(scene, ids));
      hits.push({ ids, past: intended.size, before: SIZE - intended.size });
      const last = await scene.startWorker();
      await untilEnded(scene, ids);
      problems.push(...(await innocents(scene, ids, intended)));
      await last.kill();
    }
    await scene.startWorker();
    return { problems, vacuous: hitNothing(hits), note: `past/before the gate: ${words(hits)}` };
  },
  judge: ({ rows }, scene) => wrongEndings(rows, scene, { workerDied: true }),
};

async function noWorkerConnected({ db }: Scene): Promise<boolean> {
  const { rows } = await db.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'aol-worker%'`,
  );
  return rows[0]?.n === 0;
}

/** What had no intent when its worker died was never sent: it goes on as if nothing had been. */
async function innocents(scene: Scene, ids: readonly string[], intended: ReadonlySet<string>): Promise<string[]> {
  const { rows } = await scene.db.query<{ id: string; status: string }>(
    'SELECT id, status FROM aol_actions WHERE id = ANY ($1)',
    [ids.filter((id) => !intended.has(id))],
  );
  return rows.flatMap(({ id, status }) => {
    const sends = scene.receiver.arrivals.filter(({ key }) => key === providerKey(id)).length;
    return status === 'SUCCESS' && sends === 1 ? [] : [`${id} had no intent, and is ${status} after ${sends} sends`];
  });
}

const killed: Fault = {
  id: 'I-13-tick',
  title: `kill in the middle of a tick of ${SIZE} effects, ${ROUNDS} times`,
  scene: SCENE,
  async play(scene) {
    const { client, receiver } = scene;
    await startSlowWorker(scene, 5, 15);
    const hits: Hit[] = [];
    const kills: Killed[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const hit = await tickInTheMiddle(scene, 'ok?ms=3000');
      hits.push(hit);
      const askedAt = now();
      await client.kill({ reason: 'fault suite' });
      const answeredAt = now();
      const aborted = await until('all aborted', () => receiver.open() === 0, 5_000).then(now, () => undefined);
      await delay(Math.max(0, answeredAt + LATEST_START_MS + 50 - now()));
      kills.push({
        startMs: latestAfter(scene, answeredAt),
        abortMs: aborted === undefined ? Number.POSITIVE_INFINITY : aborted - answeredAt,
        answerMs: answeredAt - askedAt,
        inFlight: hit.past,
      });
      await client.start();
      await untilEnded(scene, hit.ids);
    }
    const findings = judgeKills(kills);
    return {
      ...findings,
      vacuous: findings.vacuous ?? hitNothing(hits),
      note: `sent/not yet: ${words(hits)}; ${findings.note}`,
    };
  },
  judge: ({ rows }, scene) => wrongEndings(rows, scene),
};

const paused: Fault = {
  id: 'I-15-tick',
  title: `pause in the middle of a tick of ${SIZE} effects, ${ROUNDS} times: what works ends, nothing else begins`,
  scene: SCENE,
  async play(scene) {
    const { client, receiver } = scene;
    await startSlowWorker(scene, 5, 15);
    const hits: Hit[] = [];
    const latest: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const hit = await tickInTheMiddle(scene, 'ok?ms=1500');
      hits.push(hit);
      await client.pause({ reason: 'fault suite' });
      const answeredAt = now();
      await until('what works has ended', () => receiver.open() === 0);
      await delay(Math.max(0, answeredAt + LATEST_START_MS + 50 - now()));
      latest.push(latestAfter(scene, answeredAt));
      await client.resume();
      await untilEnded(scene, hit.ids);
    }
    const worst = Math.max(...latest);
    return {
      problems: worst > LATEST_START_MS ? [`an effect started ${Math.round(worst)} ms after pause had answered`] : [],
      vacuous: hitNothing(hits),
      note: `sent/not yet: ${words(hits)}; latest start ${Math.round(worst)} ms after the answer`,
    };
  },
  judge: ({ rows }, scene) => [
    ...wrongEndings(rows, scene),
    ...rows.filter(({ status }) => status !== 'SUCCESS').map(({ id, status }) => `${id} is ${status} after a pause`),
  ],
};

function latestAfter({ receiver }: Scene, at: number): number {
  return Math.max(0, ...receiver.arrivals.filter((arrival) => arrival.at > at).map((arrival) => arrival.at - at));
}

const FROZEN_MS = 10_000;
const ANSWERED_AFTER_MS = 3_000;

/** The answers come while it is frozen. When it wakes up it reads them, though its tick was given to another one long ago. */
function frozen(id: string, withOther: boolean): Fault {
  return {
    id,
    title: `a worker frozen for 10 s with ${SIZE} effects at work, ${withOther ? 'another one beside it' : 'alone'}`,
    scene: SCENE,
    async play(scene): Promise<Findings> {
      const { receiver } = scene;
      const worker = await scene.startWorker();
      const ids = await queueTick(scene, SIZE, 'hold?times=1');
      await untilAtWork(scene, SIZE);
      worker.signal('SIGSTOP');
      await until('it is frozen', () => worker.isStopped());
      const inFlight = receiver.open();
      const wakesAt = now() + FROZEN_MS;
      const other = withOther ? scene.startWorker().then(now) : undefined;
      await delay(ANSWERED_AFTER_MS);
      receiver.release();
      await until('all are answered', () => receiver.open() === 0);
      await delay(wakesAt - now());
      worker.signal('SIGCONT');
      const otherLate = ((await other) ?? 0) > wakesAt - ANSWERED_AFTER_MS;
      await untilEnded(scene, ids);
      return {
        vacuous:
          inFlight < SIZE
            ? `only ${inFlight} were at work when it was frozen`
            : otherLate
              ? 'the other one started too late'
              : undefined,
        note: `${inFlight} at work`,
      };
    },
    judge: ({ rows }, scene) => wrongEndings(rows, scene),
  };
}

export const tickFaults: readonly Fault[] = [
  death,
  killed,
  paused,
  frozen('F-03-tick', true),
  frozen('F-03-alone', false),
];
