/** What Temporal holds of a run's workflows: how long their histories are, and whether they replay. */

import { Worker } from '@temporalio/worker';
import { orchestratorWorkflowId, tickWorkflowId } from '../../../src/contracts/names.ts';
import type { Scene } from './scene.ts';

type History = Awaited<ReturnType<ReturnType<Scene['temporal']['client']['workflow']['getHandle']>['fetchHistory']>>;

export interface Recorded {
  readonly workflowId: string;
  readonly history: History;
}

const CALL_LIMIT_MS = 10_000;
/** Of each run of the suite; a lane has a run for each 250 events. */
const MOST_REPLAYED = 25;

/** The histories of the lane's present chain of runs, newest first. */
export async function laneHistories(scene: Scene, most = Number.POSITIVE_INFINITY): Promise<Recorded[]> {
  const workflowId = orchestratorWorkflowId('default');
  const found: Recorded[] = [];
  for (let runId: string | undefined = ''; runId !== undefined && found.length < most; ) {
    const history = await fetchHistory(scene, workflowId, runId || undefined);
    found.push({ workflowId, history });
    runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  }
  return found;
}

/** The histories of the newest ticks that had effects. */
export async function tickHistories(scene: Scene, most: number): Promise<Recorded[]> {
  const { rows } = await scene.db.query<{ number: number }>(
    `SELECT DISTINCT t.number FROM aol_tick_ledger t JOIN aol_execution_logs l ON l.tick_id = t.id
     WHERE t.lane = 'default' AND l.event = 'CLAIMED' ORDER BY t.number DESC LIMIT $1`,
    [most],
  );
  const found = rows.map(async ({ number }): Promise<Recorded[]> => {
    const workflowId = tickWorkflowId('default', Number(number));
    // A claim whose worker died before it could start the tick has none.
    const history = await fetchHistory(scene, workflowId).catch(() => undefined);
    return history ? [{ workflowId, history }] : [];
  });
  return (await Promise.all(found)).flat();
}

function fetchHistory({ temporal }: Scene, workflowId: string, runId?: string): Promise<History> {
  return temporal.bounded(() => temporal.client.workflow.getHandle(workflowId, runId).fetchHistory(), CALL_LIMIT_MS);
}

/** The bytes of its largest event, in JSON, which is larger than on the wire. */
export function largestEventBytes({ events }: History): number {
  return Math.max(0, ...(events ?? []).map((event) => Buffer.byteLength(JSON.stringify(event))));
}

export function signalsIn({ events }: History): number {
  return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length;
}

/** I-24: what this run left replays on the build that it ran. Answers what does not. */
export async function replayProblems(scene: Scene): Promise<string[]> {
  const recorded = [...(await laneHistories(scene, MOST_REPLAYED)), ...(await tickHistories(scene, MOST_REPLAYED))];
  const results = Worker.runReplayHistories({ workflowBundle: { codePath: scene.servers.bundleFile } }, recorded);
  const problems: string[] = [];
  let replayed = 0;
  for await (const { error, workflowId } of results) {
    replayed += 1;
    if (error) problems.push(`the history of ${workflowId} does not replay: ${error.message}`);
  }
  return replayed === 0 ? ['no history was replayed'] : problems;
}
