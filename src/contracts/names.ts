/** Names that processes agree on: task queues, workflow ids, signals, updates. They are built here and nowhere else. */

export const BOOKKEEPING_TASK_QUEUE = 'aol-bookkeeping';
export const EFFECTS_TASK_QUEUE = 'aol-effects';

/** A worker that died with a workflow task is noticed after this long, also after continue-as-new. */
export const WORKFLOW_TASK_TIMEOUT_MS = 2_000;

export const ORCHESTRATOR_WORKFLOW = 'orchestrator';
export const TICK_WORKFLOW = 'tick';
export const NOTICES_WORKFLOW = 'notices';
/** One for all lanes. No lane has this name (`migrations/0019_notices.ts`). */
export const NOTICES_WORKFLOW_ID = 'aol/notices';

/** Something became due; the orchestrator looks at once. */
export const WAKE_SIGNAL = 'wake';
/** A flag changed; the orchestrator reads the flags at once. */
export const CONTROL_SIGNAL = 'control';
/** Runs one tick now (as soon as the tick interval allows) and answers what it did. */
export const TICK_UPDATE = 'tick';
/** What the orchestrator knows of itself. */
export const STATE_QUERY = 'state';

/** By which runs are found in Temporal's web page: `AolLane = 'default' AND AolOutcome = 'OVERRUN'`. All are keywords. */
export const SEARCH_ATTRIBUTES = { lane: 'AolLane', mode: 'AolMode', outcome: 'AolOutcome' } as const;

export function orchestratorWorkflowId(lane: string): string {
  return `aol/${lane}`;
}

/** The workflow of a tick's effects. The claim writes it into their rows (`src/db/sql/claim.sql`). */
export function tickWorkflowId(lane: string, tickNumber: number): string {
  return `${orchestratorWorkflowId(lane)}/tick/${tickNumber}`;
}

/** The key sent to providers: derived from the action's id, so that it is the same over all attempts and replays. */
export function providerKey(actionId: string): string {
  return `aol-${actionId}`;
}

/** The key of a notice's message: the same at each attempt. */
export function noticeKey(messageId: string): string {
  return `aol-notice-${messageId}`;
}

/** Headers of a webhook that AOL sets itself: they say nothing of what is sent. */
export const OWN_HEADER = /^(?:idempotency-key|user-agent|webhook-.*)$/u;

/** How processes name themselves to PostgreSQL, so that status can count live workers and read their mode. */
export const WORKER_APPLICATION_NAME = 'aol-worker';
export function workerApplicationName(proofMode: boolean): string {
  return `${WORKER_APPLICATION_NAME}:${proofMode ? 'PROOF' : 'REAL'}`;
}
