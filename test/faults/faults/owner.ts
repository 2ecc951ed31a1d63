/**
 * A lane's owner changes while effects are at work. The receiver holds its answers until the next owner has claimed, so what is
 * recorded then is the outcome of an attempt that was begun under another token.
 */

import { orchestratorWorkflowId } from '../../../src/contracts/names.ts';
import { errorText } from '../../../src/domain/errors.ts';
import { until } from '../../support/until.ts';
import type { Fault, Findings } from '../support/fault.ts';
import type { Scene } from '../support/scene.ts';
import { leaseToken, queueTick, statusesOf, untilAtWork, wrongEndings } from '../support/tick-at-work.ts';

const HELD = 6;
/** An attempt may take 20 s; what is released later than that is cut off already. */
const CHANGE_LIMIT_MS = 19_000;
const OPEN: readonly string[] = ['PENDING', 'RUNNING', 'RETRY'];

interface Round {
  /** What happens besides: the next owner may claim nothing, or a cancel was asked for. */
  readonly also?: 'pause' | 'cancel' | undefined;
  /** Makes the owner change. */
  change(scene: Scene): Promise<void>;
}

interface Played {
  readonly problems: readonly string[];
  /** Effects that were at work when the change began. */
  readonly hit: number;
  /** Effects that were cut off before their answer. */
  readonly cut: number;
}

async function playRound(scene: Scene, { also, change }: Round): Promise<Played> {
  const { client, receiver, load } = scene;
  const ids = await queueTick(scene, HELD, 'hold?times=1');
  await untilAtWork(scene, HELD);
  const before = await leaseToken(scene);
  const cutBefore = receiver.closings.filter(({ answered }) => !answered).length;
  if (also === 'cancel') for (const id of ids) await client.cancel(id);
  if (also === 'pause') await client.pause();
  const hit = receiver.open();
  await change(scene);
  // Something is due, so that somebody has to own the lane.
  const next = await load.enqueue('once', load.webhook('once', 'ok'));
  const problems: string[] = [];
  const isDone = async () => (await statusesOf(scene, [next ?? '']))[0] === 'SUCCESS';
  await until('another owner', async () => (await leaseToken(scene)) > before, CHANGE_LIMIT_MS)
    // By then the new owner has taken back what it takes back, and claimed it again where it may.
    .then(async () => also === 'pause' || (await until('it claims', isDone)))
    .catch((error: unknown) => problems.push(errorText(error)));
  receiver.release();
  await until('nothing is open', () => receiver.open() === 0);
  if (also === 'pause') await client.resume();
  await until('all ended', async () => (await statusesOf(scene, ids)).every((status) => !OPEN.includes(status)), 40_000)
    // The final check says what they are.
    .catch(() => problems.push(`some of ${HELD} effects had not ended 40 s after their answers (${also ?? 'due'})`));
  const cut = receiver.closings.filter(({ answered }) => !answered).length - cutBefore;
  return { problems, cut, hit };
}

async function playRounds(scene: Scene, rounds: readonly Round[]): Promise<Findings> {
  const played: Played[] = [];
  for (const round of rounds) played.push(await playRound(scene, round));
  const cut = played.reduce((sum, one) => sum + one.cut, 0);
  return {
    problems: played.flatMap(({ problems }) => problems),
    vacuous: played.every(({ hit }) => hit === HELD) ? undefined : 'the owner changed when nothing was at work',
    note: `${rounds.length} changes of owner, ${cut} of ${rounds.length * HELD} effects cut off`,
  };
}

/** Dead for as long as the lane's run needs to let go of it: an adapter that looks only now and then notices nothing. */
async function killAndStart({ client, db }: Scene): Promise<void> {
  await client.kill({ reason: 'fault suite' });
  await until('the lease is free', async () => {
    const { rows } = await db.query(
      `SELECT expires_at <= clock_timestamp() AS free FROM aol_lease WHERE lane = 'default'`,
    );
    return rows[0]?.free === true;
  });
  await client.start();
}

async function terminate({ temporal }: Scene): Promise<void> {
  const handle = temporal.client.workflow.getHandle(orchestratorWorkflowId('default'));
  await temporal.bounded(() => handle.terminate('fault suite'));
}

/** Its workers are never told of the lane's tasks again: Temporal tries each of them again for ever. */
async function loseTasks({ temporal, calls }: Scene): Promise<void> {
  const { runId } = await temporal.bounded(() =>
    temporal.client.workflow.getHandle(orchestratorWorkflowId('default')).describe(),
  );
  // A task comes to a poll, or with the answer to the end of the one before. Its own run stands at its beginning, others' only in its
  // history.
  for (const method of ['PollWorkflowTaskQueue', 'RespondWorkflowTaskCompleted']) {
    calls.intercept({ method, loses: (answer) => answer.subarray(0, 400).includes(runId) });
  }
}

async function forget({ servers, namespace }: Scene): Promise<void> {
  await servers.temporal.end('SIGKILL');
  servers.forgetTemporal();
  await servers.temporal.start();
  await servers.createNamespace(namespace);
}

const judge: Fault['judge'] = ({ rows }, scene) => wrongEndings(rows, scene);

const started = (id: string, kinds: readonly Round['also'][], quick: boolean): Fault => ({
  id,
  title: `kill and start at once while ${HELD} effects are at work, ${kinds.length} times`,
  quick,
  play: (scene) =>
    playRounds(
      scene,
      kinds.map((also) => ({ also, change: killAndStart })),
    ),
  judge,
});

const terminated: Fault = {
  id: 'I-08-terminated',
  title: `the run of the lane is terminated while ${HELD} effects are at work, also after a cancel`,
  play: (scene) => playRounds(scene, [{ change: terminate }, { also: 'cancel', change: terminate }]),
  judge,
};

const stuck: Fault = {
  id: 'I-08-stuck',
  title: `the run of the lane gets no further while ${HELD} effects are at work, and the supervisor ends it`,
  scene: { workers: 0 },
  async play(scene) {
    await scene.startWorker({ env: { TEMPORAL_ADDRESS: `127.0.0.1:${scene.calls.port}` } });
    return playRounds(scene, [{ change: loseTasks }]);
  },
  judge,
};

const lost: Fault = {
  id: 'I-08-lost',
  title: `Temporal's data is deleted while ${HELD} effects are at work`,
  ownWorkflows: true,
  play: (scene) => playRounds(scene, [{ change: forget }]),
  judge,
};

export const ownerFaults: readonly Fault[] = [
  started('I-08-start', [undefined], true),
  started('I-08-starts', ['pause', 'cancel', undefined, 'pause', 'cancel'], false),
  terminated,
  stuck,
  lost,
];
