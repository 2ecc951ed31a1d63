/** The end of every run: wait until all has settled, then the tables against themselves, the oracle and the receiver. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createArtifactStore } from '../../../src/artifacts/index.ts';
import { providerKey } from '../../../src/contracts/names.ts';
import type { ActionRow } from '../../../src/db/action-row.ts';
import { errorText } from '../../../src/domain/errors.ts';
import { until } from '../../support/until.ts';
import type { Acknowledged } from './load.ts';
import type { Arrival } from './receiver-protocol.ts';
import type { Scene } from './scene.ts';

const checkSql = readFileSync(new URL('./check.sql', import.meta.url), 'utf8');
const TERMINAL: readonly string[] = ['SUCCESS', 'DLQ', 'UNCONFIRMED', 'CANCELLED'];
const SETTLE_LIMIT_MS = 120_000;
/** I-21: after quiescence Temporal and the tables say the same within this time. */
const AGREE_LIMIT_MS = 10_000;
/** Two clocks of one machine. */
const CLOCK_SLACK_MS = 5;

export interface Checked {
  readonly lost: readonly string[];
  readonly duplicates: readonly string[];
  readonly problems: readonly string[];
  readonly statuses: Readonly<Record<string, number>>;
  readonly rows: readonly ActionRow[];
}

/** Waits until nothing waits and nothing runs, and then checks everything. Never throws for what it finds. */
export async function checkAll(scene: Scene, limitMs = SETTLE_LIMIT_MS): Promise<Checked> {
  const settled = await until('everything settled', () => hasSettled(scene), limitMs).catch(() => false);
  const { rows } = await scene.db.query<ActionRow>('SELECT * FROM aol_actions ORDER BY id');
  const { rows: violations } = await scene.db.query<{ rule: string; subject: string; detail: string }>(checkSql);
  const { rows: intents } = await scene.db.query<Intent>(
    `SELECT action_id, (extract(epoch FROM at) * 1000)::float8 AS at_ms,
       (extract(epoch FROM (detail ->> 'deadline')::timestamptz) * 1000)::float8 AS deadline_ms FROM aol_execution_logs
     WHERE event = 'ATTEMPT_STARTED' AND detail ? 'deadline' ORDER BY id`,
  );
  const oracle = scene.load.oracle();
  const arrivals = scene.receiver.recorded();
  const byId = new Map(rows.map((row) => [row.id, row]));
  const lost = oracle.filter(({ id }) => !TERMINAL.includes(byId.get(id)?.status ?? ''));
  return {
    lost: lost.map(({ id }) => `${id} is ${byId.get(id)?.status ?? 'not there'}`),
    duplicates: duplicates(oracle, arrivals),
    problems: [
      ...(settled ? [] : [`not settled within ${limitMs / 1_000} s`]),
      ...violations.map(({ rule, subject, detail }) => `${rule}: ${subject} (${detail})`),
      ...effectProblems(rows, arrivals),
      ...intentProblems(intents, arrivals),
      ...secondRequests(scene, intents),
      ...(await artifactProblems(scene.artifactFolder, rows)),
      ...(await openTickProblems(scene)),
    ],
    statuses: countBy(rows.map((row) => row.status)),
    rows,
  };
}

async function hasSettled(scene: Scene): Promise<boolean> {
  const { rows } = await scene.db
    .query<{ waiting: number }>(
      `SELECT (SELECT count(*) FROM aol_actions WHERE NOT status = ANY ($1))
         + (SELECT count(*) FROM aol_tick_ledger WHERE finished_at IS NULL) AS waiting`,
      [TERMINAL],
    )
    .catch(() => ({ rows: [] }));
  return rows[0]?.waiting === 0;
}

/** Nothing waits and nothing runs by the tables: then no tick runs by Temporal either. */
async function openTickProblems({ temporal }: Scene): Promise<string[]> {
  const query = `WorkflowType = 'tick' AND ExecutionStatus = 'Running'`;
  let open = -1;
  await until(
    'no tick is open',
    async () => {
      open = (await temporal.bounded(() => temporal.client.workflow.count(query)).catch(() => ({ count: -1 }))).count;
      return open === 0;
    },
    AGREE_LIMIT_MS,
  ).catch(() => undefined);
  if (open === 0) return [];
  const found: string[] = [];
  for await (const { workflowId } of temporal.client.workflow.list({ query })) {
    const { raw } = await temporal.client.workflow.getHandle(workflowId).describe();
    const activities = (raw.pendingActivities ?? []).map(
      ({ state, attempt, lastFailure }) =>
        `activity in state ${state}, attempt ${attempt}, ${lastFailure?.message ?? 'no failure'}`,
    );
    const task = raw.pendingWorkflowTask ? [`workflow task, attempt ${raw.pendingWorkflowTask.attempt}`] : [];
    found.push(
      `${workflowId} is open in Temporal, and not in the tables: ${[...task, ...activities].join('; ') || 'idle'}`,
    );
  }
  return found.length > 0 ? found : [`${open} ticks were open in Temporal, and none in the tables`];
}

/** A receiver that deduplicates acts once by its nature: there a second act would be the harness's own mistake. */
function duplicates(oracle: readonly Acknowledged[], arrivals: readonly Arrival[]): string[] {
  const effects = countBy(arrivals.filter(({ isEffect }) => isEffect).map(({ key }) => key));
  return oracle
    .map(({ id }) => providerKey(id))
    .filter((key) => (effects[key] ?? 0) > 1)
    .map((key) => `${key}: ${effects[key]} effects`);
}

function effectProblems(rows: readonly ActionRow[], arrivals: readonly Arrival[]): string[] {
  const known = new Set(rows.map((row) => providerKey(row.id)));
  const effects = countBy(arrivals.filter(({ isEffect }) => isEffect).map(({ key }) => key));
  const without = rows.filter(
    (row) => row.mode === 'REAL' && row.status === 'SUCCESS' && (effects[providerKey(row.id)] ?? 0) === 0,
  );
  const bodies = new Map<string, Set<string>>();
  for (const { key, bodyHash } of arrivals) bodies.set(key, (bodies.get(key) ?? new Set()).add(bodyHash));
  return [
    ...without.map((row) => `SUCCESS without an effect: ${row.id}`),
    ...arrivals.filter(({ key }) => !known.has(key)).map(({ key }) => `an effect of no action: ${key}`),
    ...[...bodies].filter(([, hashes]) => hashes.size > 1).map(([key]) => `sent with different bodies: ${key}`),
  ];
}

interface Intent {
  readonly action_id: string;
  readonly at_ms: number;
  readonly deadline_ms: number;
}

/** No request is sent beside one of the same key that is at work, until the time of that one's attempt is over. */
function secondRequests({ receiver }: Scene, intents: readonly Intent[]): string[] {
  return receiver.arrivals.flatMap(({ key, raw, at }) => {
    const first = receiver.arrivals.find((arrival) => arrival.key === key && arrival.raw === raw - 1);
    if (first === undefined) return [];
    const closing = receiver.closings.find((closed) => closed.key === key && closed.raw === first.raw);
    const intent = intents.findLast(({ action_id, at_ms }) => providerKey(action_id) === key && at_ms <= first.at);
    const isBeside = (closing?.at ?? Number.POSITIVE_INFINITY) > at && at < (intent?.deadline_ms ?? 0);
    return isBeside ? [`send ${raw} of ${key} came while send ${first.raw} was at work`] : [];
  });
}

/** Each request needs an intent of its own that was written before it arrived: so at most one raw send per attempt. */
function intentProblems(intents: readonly Intent[], arrivals: readonly Arrival[]): string[] {
  const byKey = new Map<string, number[]>();
  for (const { action_id, at_ms } of intents) {
    const key = providerKey(action_id);
    byKey.set(key, [...(byKey.get(key) ?? []), at_ms]);
  }
  return arrivals.flatMap(({ key, raw, at }) => {
    const intent = byKey.get(key)?.[raw - 1];
    if (intent === undefined) return [`more raw sends than intents: send ${raw} of ${key}`];
    return intent > at + CLOCK_SLACK_MS ? [`send ${raw} of ${key} came before its intent`] : [];
  });
}

async function artifactProblems(folder: string, rows: readonly ActionRow[]): Promise<string[]> {
  const store = createArtifactStore(`file:${folder}`);
  const problems: string[] = [];
  for (const { id, artifact_uri: uri, artifact_sha256: recorded } of rows) {
    if (uri === null) continue;
    try {
      const sha256 = createHash('sha256')
        .update(await store.get(uri))
        .digest('hex');
      if (sha256 !== recorded) problems.push(`the artifact of ${id} has other bytes than were hashed`);
    } catch (error) {
      problems.push(`the artifact of ${id} cannot be read: ${errorText(error)}`);
    }
  }
  return problems;
}

export function countBy(items: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
}
