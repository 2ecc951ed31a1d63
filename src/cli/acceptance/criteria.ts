/** What this installation must show: the seven criteria of the first version, and ours. Each says what it saw. */

import type { AolClient } from '../../client/client.ts';
import { AolApiError } from '../../client/client.ts';
import type { Action } from '../../contracts/http/action.ts';
import type { JsonObject } from '../../contracts/http/json.ts';
import { counted } from '../../contracts/words.ts';
import { type Database, query } from '../../db/pool.ts';
import { AolError, errorText } from '../../domain/errors.ts';
import { sha256Hex } from '../../domain/hashing.ts';

export interface Criterion {
  readonly name: string;
  readonly holds: boolean;
  /** What was seen: numbers, ids, hashes. */
  readonly evidence: string;
}

export interface Installation {
  readonly client: AolClient;
  readonly db: Database;
  readonly url: string;
  /** A bounded run of one tick in PROOF. */
  readonly boundedRun: () => Promise<BoundedRun>;
}

export interface BoundedRun {
  /** By itself, in time. */
  readonly hasEnded: boolean;
  readonly isOk: boolean;
  /** What it said. */
  readonly talk: string;
}

/** A criterion does not hold. */
class NotMet extends AolError {
  readonly code = 'AOL_NOT_MET';
}

const TABLES = ['aol_actions', 'aol_control_flags', 'aol_execution_logs', 'aol_lease', 'aol_tick_ledger'];
const LIMIT_MS = 60_000;

type Prove = (installation: Installation) => Promise<string>;

const CRITERIA: readonly (readonly [name: string, prove: Prove])[] = [
  ['the five tables are there', tables],
  ['the dashboard is served', page],
  ['a missing key of a language model harms nothing', withoutModel],
  ['log and actions can be taken out', takenOut],
  ['a bounded run ends by itself', bounded],
  ["the dashboard's queries answer", queries],
  ['a proof has the SHA-256 that is recorded', proof],
  ['the same key is the same action, and another request under it is refused', sameKey],
  ['nothing is sent that no person and no key allows', closed],
  ['what the tables say balances', balances],
];

/** Queues proofs, which touch nothing outside, and changes nothing else. */
export async function proveAll(installation: Installation): Promise<readonly Criterion[]> {
  const proved: Criterion[] = [];
  for (const [name, prove] of CRITERIA) {
    try {
      proved.push({ name, holds: true, evidence: await prove(installation) });
    } catch (error) {
      proved.push({ name, holds: false, evidence: errorText(error, 500) });
    }
  }
  return proved;
}

async function tables({ db }: Installation): Promise<string> {
  const rows = await query<{ name: string }>(
    db,
    `SELECT relname AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = ANY ($1) ORDER BY relname`,
    [TABLES],
  );
  const missing = TABLES.filter((name) => !rows.some((row) => row.name === name));
  if (missing.length > 0) throw new NotMet(`missing: ${missing.join(', ')}`);
  return rows.map(({ name }) => name).join(', ');
}

async function page({ url }: Installation): Promise<string> {
  const answer = await fetch(`${url}/`, { headers: { accept: 'text/html' }, signal: AbortSignal.timeout(10_000) });
  const html = await answer.text();
  if (!answer.ok || !html.includes('<div id=')) throw new NotMet(`GET / answers ${answer.status}, and no page`);
  return `GET / answers ${answer.status} with ${counted(html.length, 'byte')}`;
}

async function withoutModel({ client }: Installation): Promise<string> {
  const { items } = await client.listAdapters();
  const model = items.find(({ type }) => type === 'GENERATE_TEXT');
  if (!model) throw new NotMet('there is no type GENERATE_TEXT');
  const made = await proved(client, 'GENERATE_TEXT', { prompt: 'Say hello', model: 'any' });
  const real = model.real.configured ? 'a key is set' : 'no key is set, and REAL says so';
  return `${real}; the proof ${made.id} is ${made.status}`;
}

async function takenOut({ client }: Installation): Promise<string> {
  const [logs, actions, metrics] = await Promise.all([
    client.listLogs({ limit: 10 }),
    client.listActions({ limit: 10 }),
    client.metrics(),
  ]);
  if (logs.items.length === 0 || !metrics.includes('aol_')) throw new NotMet('log or metrics are empty');
  return `${logs.items.length} log rows and ${actions.items.length} actions as JSON, ${metrics.split('\n').length} lines of metrics`;
}

async function bounded({ boundedRun }: Installation): Promise<string> {
  const { hasEnded, isOk, talk } = await boundedRun();
  if (!hasEnded) throw new NotMet('aol run --ticks 1 --proof did not end within a minute');
  if (isOk) return 'aol run --ticks 1 --proof ended with 0';
  // Beside workers that may send it must refuse: what it promises could not be kept.
  if (talk.includes('--proof cannot be kept')) return `aol run --ticks 1 --proof refused and ended: ${talk}`;
  throw new NotMet(`aol run --ticks 1 --proof failed: ${talk}`);
}

async function queries({ client }: Installation): Promise<string> {
  const answers = await Promise.all([
    client.status(),
    client.listActions({ limit: 1 }),
    client.listActions({ status: 'AWAITING_APPROVAL', limit: 1 }),
    client.listTicks({ limit: 1 }),
    client.listLogs({ limit: 1 }),
    client.listAdapters(),
    client.listAccounts(),
  ]);
  return `${answers.length} of ${answers.length}: status, actions, decisions, ticks, logs, adapters, accounts`;
}

async function proof({ client }: Installation): Promise<string> {
  const made = await proved(client, 'POST_SOCIAL', { platform: 'bluesky', content: 'An acceptance test' });
  const { bytes } = await client.getArtifact(made.id);
  const sha256 = sha256Hex(bytes);
  if (sha256 !== made.artifactSha256) throw new NotMet(`recomputed ${sha256}, recorded ${made.artifactSha256}`);
  return `${made.id}: ${sha256}, ${counted(bytes.byteLength, 'byte')}, recomputed here`;
}

async function sameKey({ client }: Installation): Promise<string> {
  const idempotencyKey = `acceptance-${Date.now()}`;
  const post = (content: string) =>
    client.enqueue({ type: 'POST_SOCIAL', payload: { platform: 'bluesky', content }, idempotencyKey });
  const [first, again] = [await post('One'), await post('One')];
  if (first.id !== again.id) throw new NotMet(`${first.id} and ${again.id}`);
  const other = await post('Another').then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(other instanceof AolApiError) || other.problem.status !== 409)
    throw new NotMet('another request was not refused');
  return `${first.id} twice; another request: 409 ${other.problem.code}`;
}

async function closed({ client }: Installation): Promise<string> {
  const { lanes, workers } = await client.status();
  const open = lanes.filter(({ mode, flags }) => mode === 'REAL' && flags.approval_policy === 'none');
  const words = lanes.map(({ lane, mode }) => `${lane} ${mode}`).join(', ');
  if (open.length > 0) throw new NotMet(`send without a person: ${open.map(({ lane }) => lane).join(', ')}`);
  return `${words}; ${workers.real} of ${counted(workers.count, 'worker')} may send; REAL asks a person in every lane`;
}

async function balances({ db }: Installation): Promise<string> {
  const [row] = await query<{ ticks: number; unbalanced: number; open: number }>(
    db,
    `SELECT count(*)::integer AS ticks,
       (count(*) FILTER (WHERE claimed <> succeeded + failed + retried + released + awaiting + running))::integer AS unbalanced,
       (count(*) FILTER (WHERE finished_at IS NULL))::integer AS open FROM aol_tick_ledger`,
  );
  if (!row || row.unbalanced > 0) throw new NotMet(`${row?.unbalanced} ticks do not balance`);
  return `${counted(row.ticks, 'row')} of the ledger, ${row.open} open, none unbalanced`;
}

async function proved(client: AolClient, type: string, payload: JsonObject): Promise<Action> {
  const { id } = await client.enqueue({ type, payload });
  const action = await client.wait(id, { timeoutMs: LIMIT_MS });
  if (action.status === 'SUCCESS') return action;
  throw new NotMet(`${id} is ${action.status}${action.lastError === null ? '' : `: ${action.lastError}`}`);
}
