/** F-16: an adapter that throws anything, answers nothing, never ends, or ends its process; all ways beside each other. */

import type { EnqueueInput } from '../../../src/contracts/http/action.ts';
import { providerKey } from '../../../src/contracts/names.ts';
import type { ActionRow } from '../../../src/db/action-row.ts';
import { until } from '../../support/until.ts';
import type { Fault } from '../support/fault.ts';
import { laneHistories, largestEventBytes, tickHistories } from '../support/histories.ts';
import type { Scene } from '../support/scene.ts';
import type { WickedWay } from '../support/wicked-adapter.ts';
import { keepAlive } from './poison.ts';

interface Case {
  readonly way: WickedWay;
  readonly mode: 'PROOF' | 'REAL';
  readonly dedupes?: boolean;
  /** Status, reason of a dead letter, requests that arrived. */
  readonly expected: readonly [string, string | null, number];
}

const rejected = ['DLQ', 'rejected', 0] as const;
const unknown = ['UNCONFIRMED', null, 1] as const;
const done = ['SUCCESS', null, 1] as const;
const unknownAgain = ['UNCONFIRMED', null, 3] as const;

/** What kills no worker. In PROOF it goes wrong while it renders, in REAL after it has sent. */
const harmless: readonly Case[] = [
  { way: 'string', mode: 'PROOF', expected: rejected },
  { way: 'null', mode: 'PROOF', expected: rejected },
  { way: 'undefined', mode: 'PROOF', expected: rejected },
  { way: 'huge', mode: 'PROOF', expected: rejected },
  { way: 'string', mode: 'REAL', expected: unknown },
  { way: 'null', mode: 'REAL', expected: unknown },
  { way: 'undefined', mode: 'REAL', expected: unknown },
  { way: 'nothing', mode: 'REAL', expected: unknown },
  { way: 'no text', mode: 'REAL', expected: unknown },
  { way: 'never', mode: 'REAL', expected: unknown },
  { way: 'huge', mode: 'REAL', expected: unknown },
  { way: 'huge', mode: 'REAL', dedupes: true, expected: unknownAgain },
  { way: 'bigint', mode: 'REAL', expected: done },
  { way: 'circular', mode: 'REAL', expected: done },
];

/** `process.exit`: three deaths while it renders, one when it may have sent. */
const deadly: readonly Case[] = [
  { way: 'exit', mode: 'PROOF', expected: ['DLQ', 'crashed', 0] },
  { way: 'exit', mode: 'REAL', expected: unknown },
];

const MAX_EVENT_BYTES = 64 * 1024;
const MAX_ERROR_LENGTH = 2_000;
const OPEN: readonly string[] = ['PENDING', 'RUNNING', 'RETRY'];

async function play(scene: Scene, cases: readonly Case[]): Promise<{ problems: string[]; note: string }> {
  const { load, receiver, db } = scene;
  const input = ({ way, mode, dedupes = false }: Case): EnqueueInput => ({
    type: 'BE_WICKED',
    mode,
    payload: {
      url: `http://127.0.0.1:${receiver.port}/${dedupes ? 'once' : 'each'}/ok`,
      way,
      where: mode === 'PROOF' ? 'render' : 'perform',
      dedupes,
    },
  });
  const ids: string[] = [];
  for (const one of cases) ids.push(await load.enqueueDirectly(one.dedupes ? 'once' : 'each', input(one)));
  // A worker's death leaves those beside it unknown: at a receiver that deduplicates they are sent again.
  const good = await load.enqueueDirectly('once', load.webhook('once', 'ok'));
  const rows = await until(
    'all have ended',
    async () => {
      const found = await db.query<ActionRow>('SELECT * FROM aol_actions');
      return found.rows.every(({ status }) => !OPEN.includes(status)) && found.rows;
    },
    120_000,
  );
  const problems = cases.flatMap((one, index) => judge(one, ids[index] ?? '', rows, scene));
  if (rows.find(({ id }) => id === good)?.status !== 'SUCCESS') problems.push('a good action beside them failed');
  const histories = [...(await laneHistories(scene)), ...(await tickHistories(scene, 50))];
  const largest = Math.max(...histories.map(({ history }) => largestEventBytes(history)));
  if (largest > MAX_EVENT_BYTES) problems.push(`an event of the history has ${largest} bytes`);
  return { problems, note: `largest event ${(largest / 1024).toFixed(1)} KiB` };
}

function judge({ way, mode, expected }: Case, id: string, rows: readonly ActionRow[], scene: Scene): string[] {
  const row = rows.find((candidate) => candidate.id === id);
  const sends = scene.receiver.arrivals.filter(({ key }) => key === providerKey(id)).length;
  const found = JSON.stringify([row?.status, row?.dlq_reason, sends]);
  return [
    ...(found === JSON.stringify(expected) ? [] : [`${way} in ${mode} is ${found}, not ${JSON.stringify(expected)}`]),
    ...((row?.last_error?.length ?? 0) > MAX_ERROR_LENGTH ? [`${way}: its error has ${row?.last_error?.length}`] : []),
  ];
}

const SCENE = { customWorkers: true, flags: { max_actions_per_tick: 30 } };

const wicked: Fault = {
  id: 'F-16',
  title: `adapters that throw anything, answer nothing, never end: ${harmless.length} ways`,
  scene: SCENE,
  async play(scene) {
    const findings = await play(scene, harmless);
    const dead = scene.workers.filter((worker) => !worker.isRunning()).map(({ name }) => `${name} died of it`);
    return { ...findings, problems: [...findings.problems, ...dead] };
  },
};

const exits: Fault = {
  id: 'F-16-exit',
  title: 'adapters that call process.exit, in a proof and after sending',
  scene: SCENE,
  async play(scene) {
    const keeper = keepAlive(scene);
    try {
      // One after another: what kills the worker of another before that has sent would say nothing about either.
      const [inProof, inReal] = [await play(scene, deadly.slice(0, 1)), await play(scene, deadly.slice(1))];
      const problems = [...inProof.problems, ...inReal.problems];
      return { problems, note: `${keeper.deaths()} workers died, ${inReal.note}` };
    } finally {
      await keeper.stop();
    }
  },
};

export const wickedFaults: readonly Fault[] = [wicked, exits];
