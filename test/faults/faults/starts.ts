/** A tick of many effects whose start fails, or that Temporal believes dead while it is at work. */

import { setTimeout as delay } from 'node:timers/promises';
import { providerKey } from '../../../src/contracts/names.ts';
import { until } from '../../support/until.ts';
import type { Fault } from '../support/fault.ts';
import type { Scene } from '../support/scene.ts';
import { queueTick, statusesOf, untilAtWork, wrongEndings } from '../support/tick-at-work.ts';

const PER_TICK = 120;
const FLAGS = { max_actions_per_tick: PER_TICK, max_running: 2 * PER_TICK };
/** What belongs to no workflow is found only when its claim runs out, after a minute. */
const END_LIMIT_MS = 30_000;

const throughCalls = (scene: Scene) =>
  scene.startWorker({ env: { TEMPORAL_ADDRESS: `127.0.0.1:${scene.calls.port}` } });

const largestTick = async ({ db }: Scene) =>
  Number((await db.query('SELECT max(claimed) AS n FROM aol_tick_ledger')).rows[0]?.n);

/** Each exactly once, and soon. */
async function endProblems(scene: Scene, ids: readonly string[]): Promise<string[]> {
  const left = async () => (await statusesOf(scene, ids)).filter((status) => status !== 'SUCCESS').length;
  await until('all are done', async () => (await left()) === 0, END_LIMIT_MS).catch(() => undefined);
  const open = await left();
  const sent = (id: string) => scene.receiver.arrivals.filter(({ key }) => key === providerKey(id)).length;
  const wrong = ids.filter((id) => sent(id) !== 1);
  return [
    ...(open > 0 ? [`${open} of ${ids.length} were not done within ${END_LIMIT_MS / 1_000} s`] : []),
    ...(wrong.length > 0 ? [`${wrong.length} of ${ids.length} were not sent exactly once by then`] : []),
  ];
}

const secondStart: Fault = {
  id: 'F-04-starts',
  title: `ticks of ${PER_TICK} effects, of whose workflows every second start fails once`,
  scene: { workers: 0, flags: FLAGS },
  async play(scene) {
    await throughCalls(scene);
    const refused = new Set<string>();
    let starts = 0;
    scene.calls.intercept({
      method: 'StartWorkflowExecution',
      refuses(request) {
        const workflow = /aol\/default\/tick\/[0-9/]+/.exec(request.toString('latin1'))?.[0];
        if (workflow === undefined) return false;
        starts += 1;
        if (starts % 2 === 1 || refused.has(workflow)) return false;
        refused.add(workflow);
        return true;
      },
    });
    const ids = await queueTick(scene, 2 * PER_TICK, 'ok?ms=20');
    const problems = await endProblems(scene, ids);
    const largest = await largestTick(scene);
    return {
      problems,
      vacuous: refused.size === 0 ? 'no start failed' : largest < PER_TICK ? `ticks of ${largest} at most` : undefined,
      note: `${starts} starts, ${refused.size} of them refused`,
    };
  },
};

const AT_WORK = 80;

/** Its beats do not arrive for longer than the server waits for them: another run begins beside one that lives. */
const noBeats: Fault = {
  id: 'F-04-beats',
  title: `a tick of ${AT_WORK} effects at work whose heartbeats are lost until the server tries it again`,
  scene: { workers: 0, flags: FLAGS },
  async play(scene) {
    await throughCalls(scene);
    const ids = await queueTick(scene, AT_WORK, 'hold?times=1');
    await untilAtWork(scene, AT_WORK);
    const heal = scene.calls.intercept({ method: 'RecordActivityTaskHeartbeat', refuses: () => true });
    const again = await until('another run of an activity', () => hasSecondRun(scene), 15_000).catch(() => false);
    heal();
    await delay(scene.random.whole(200, 1_500));
    const hit = scene.receiver.open();
    scene.receiver.release();
    const problems = await endProblems(scene, ids);
    return {
      problems,
      vacuous: again && hit >= AT_WORK ? undefined : `no second run, or only ${hit} at work then`,
      note: `${hit} at work when the second run began`,
    };
  },
  judge: ({ rows }, scene) => wrongEndings(rows, scene),
};

async function hasSecondRun({ temporal }: Scene): Promise<boolean> {
  const { workflow } = temporal.client;
  for await (const { workflowId } of workflow.list({
    query: `WorkflowType = 'tick' AND ExecutionStatus = 'Running'`,
  })) {
    const { raw } = await workflow.getHandle(workflowId).describe();
    if ((raw.pendingActivities ?? []).some(({ attempt }) => (attempt ?? 1) > 1)) return true;
  }
  return false;
}

export const startFaults: readonly Fault[] = [secondStart, noBeats];
