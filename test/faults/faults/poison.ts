/** An action that kills its worker each time: it ends in the DLQ, and takes no other with it. */

import { setTimeout as delay } from 'node:timers/promises';
import type { EnqueueInput } from '../../../src/contracts/http/action.ts';
import { providerKey } from '../../../src/contracts/names.ts';
import type { ActionRow } from '../../../src/db/action-row.ts';
import { setFlag } from '../../support/engine.ts';
import { until } from '../../support/until.ts';
import { type Fault, type Findings, now } from '../support/fault.ts';
import type { Program } from '../support/program.ts';
import type { Scene } from '../support/scene.ts';
import { statusesOf } from '../support/tick-at-work.ts';

/** Starts a new worker whenever one ended, as `aol up` and docker do, until it is told to stop. */
export function keepAlive(scene: Scene): { readonly deaths: () => number; stop(): Promise<void> } {
  let stopped = false;
  let deaths = 0;
  const running = (async () => {
    let current: Program | undefined = scene.workers.at(-1);
    while (!stopped) {
      await delay(20);
      if (current?.isRunning()) continue;
      deaths += 1;
      // One that dies before it has said that it is ready is a death too.
      current = await scene.startWorker().catch(() => undefined);
    }
  })();
  return {
    deaths: () => deaths,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

function poison(id: string, title: string, input: (url: string) => EnqueueInput, expected: Expected): Fault {
  return {
    id,
    title,
    scene: { customWorkers: true, flags: { max_actions_per_tick: 20 } },
    async play(scene) {
      const keeper = keepAlive(scene);
      try {
        return await playPoison(scene, input, expected, keeper.deaths);
      } finally {
        await keeper.stop();
      }
    },
  };
}

interface Expected {
  readonly status: string;
  readonly reason: string | null;
  readonly deaths: number;
  readonly sends: number;
}

const ENDED: readonly string[] = ['SUCCESS', 'DLQ', 'UNCONFIRMED'];

async function playPoison(
  scene: Scene,
  input: (url: string) => EnqueueInput,
  expected: Expected,
  deaths: () => number,
): Promise<Findings> {
  const { load, receiver, db } = scene;
  // So that one tick claims them all.
  await setFlag(db, 'paused', true);
  const bad = await load.enqueueDirectly('each', input(`http://127.0.0.1:${receiver.port}/each/ok`));
  const others: string[] = [];
  for (let index = 0; index < 6; index += 1) {
    const proof = { type: 'POST_SOCIAL', payload: { platform: 'mastodon', content: `number ${index}` } };
    others.push(await load.enqueueDirectly('once', load.webhook('once', 'ok?ms=50')));
    others.push(await load.enqueueDirectly('proof', proof));
  }
  await setFlag(db, 'paused', false);
  const rowsOf = async (ids: readonly string[]) =>
    (await db.query<ActionRow>('SELECT * FROM aol_actions WHERE id = ANY ($1)', [ids])).rows;
  const all = await until(
    'all have ended',
    async () => {
      const rows = await rowsOf([bad, ...others]);
      return rows.every(({ status }) => ENDED.includes(status)) && rows;
    },
    90_000,
  );
  const row = all.find(({ id }) => id === bad);
  const sends = receiver.arrivals.filter(({ key }) => key === providerKey(bad)).length;
  const found: Expected = { status: row?.status ?? '', reason: row?.dlq_reason ?? null, deaths: deaths(), sends };
  const isRight = JSON.stringify(found) === JSON.stringify(expected);
  const notDone = all.filter(({ id, status }) => id !== bad && status !== 'SUCCESS');
  return {
    problems: [
      ...(isRight ? [] : [`it is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`]),
      ...notDone.map((other) => `another action is ${other.status}: ${other.type} ${other.mode}, ${other.last_error}`),
    ],
    note: `${deaths()} workers died`,
  };
}

const INNOCENTS = 20;
/** One for all, and a few for what comes back: far from one for each. */
const MOST_TICKS = 6;

/** Those beside it go on together, not one a tick. */
const exits: Fault = {
  id: 'I-07-exit',
  title: `a REAL payload that ends its worker's process while it is rendered, among ${INNOCENTS} others`,
  quick: true,
  scene: { customWorkers: true, flags: { max_actions_per_tick: 30 } },
  async play(scene) {
    const { load, receiver, db } = scene;
    const keeper = keepAlive(scene);
    try {
      const killer: EnqueueInput = {
        type: 'BE_WICKED',
        mode: 'REAL',
        payload: { url: `http://127.0.0.1:${receiver.port}/each/ok`, way: 'exit', where: 'render', dedupes: false },
      };
      const others = Array.from({ length: INNOCENTS }, () => load.webhook('each', 'ok?ms=50'));
      const [bad = '', ...innocents] = await load.enqueueMany('each', [killer, ...others]);
      const startedAt = now();
      const isEnded = async (ids: readonly string[]) =>
        (await statusesOf(scene, ids)).every((status) => ENDED.includes(status));
      await until('the others ended', () => isEnded(innocents), 90_000);
      const tookMs = now() - startedAt;
      await until('it ended', () => isEnded([bad]), 90_000);
      const { rows } = await db.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM aol_tick_ledger WHERE claimed > 0',
      );
      const ticks = rows[0]?.n ?? 0;
      return {
        problems: [
          ...(keeper.deaths() === 3 ? [] : [`${keeper.deaths()} workers died, not 3`]),
          ...(ticks <= MOST_TICKS ? [] : [`${ticks} ticks for ${INNOCENTS + 1} actions`]),
        ],
        vacuous: keeper.deaths() > 0 ? undefined : 'no worker died',
        note: `${keeper.deaths()} workers died, ${ticks} ticks, the others ended after ${(tookMs / 1_000).toFixed(1)} s`,
      };
    } finally {
      await keeper.stop();
    }
  },
  judge: ({ rows }, scene) =>
    rows.flatMap(({ id, type, status, dlq_reason: reason }) => {
      const sends = scene.receiver.arrivals.filter(({ key }) => key === providerKey(id)).length;
      const found = JSON.stringify([status, reason, sends]);
      const expected = JSON.stringify(type === 'BE_WICKED' ? ['DLQ', 'crashed', 0] : ['SUCCESS', null, 1]);
      return found === expected ? [] : [`${type} is ${found}, not ${expected}`];
    }),
};

const payload = (url: string, where: 'render' | 'before' | 'after', dedupes: boolean) => ({ url, where, dedupes });

export const poisonFaults: readonly Fault[] = [
  exits,
  poison(
    'I-07-proof',
    'a payload that kills its worker while it is proved',
    (url) => ({ type: 'KILL_WORKER', payload: payload(url, 'render', false) }),
    { status: 'DLQ', reason: 'crashed', deaths: 3, sends: 0 },
  ),
  poison(
    'I-07-render',
    'a REAL payload that kills its worker while it is rendered',
    (url) => ({ type: 'KILL_WORKER', mode: 'REAL', payload: payload(url, 'render', false) }),
    { status: 'DLQ', reason: 'crashed', deaths: 3, sends: 0 },
  ),
  poison(
    'I-07-before',
    'a REAL payload that kills its worker past the gate, before it sends; it may have sent',
    (url) => ({ type: 'KILL_WORKER', mode: 'REAL', payload: payload(url, 'before', false) }),
    { status: 'UNCONFIRMED', reason: null, deaths: 1, sends: 0 },
  ),
  poison(
    'I-07-dedupes',
    'a REAL payload that kills its worker after each send, receiver deduplicates',
    (url) => ({ type: 'KILL_WORKER', mode: 'REAL', payload: payload(url.replace('each', 'once'), 'after', true) }),
    // Whether the last one was sent nobody lived to tell.
    { status: 'UNCONFIRMED', reason: null, deaths: 3, sends: 3 },
  ),
];
