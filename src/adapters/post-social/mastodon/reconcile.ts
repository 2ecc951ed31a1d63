/** Whether the status is there, by the account's own statuses: it proves that it happened; its absence proves little, and late. */

import { isObject, type JsonObject, type JsonValue } from '../../../contracts/http/json.ts';
import type { Reconciled } from '../../../domain/outcomes.ts';
import { answered, isSuccess, jsonOf, objectOf, textIn } from '../../http-answers.ts';
import type { Effect, PerformContext } from '../../port.ts';
import { credentialForReading, filledIn, jsonGet, sentBody } from '../platform.ts';
import { mediaCountOf, statusReceipt } from './send.ts';

const PAGE_SIZE = 40;
const MAX_PAGES = 3;
const CLOCK_SKEW_MS = 60_000;
/** One attempt and the time in which its status may still appear. */
const SETTLE_MS = 80_000;
const ASK_AGAIN_MS = 30_000;

type CannotTell = Extract<Reconciled, { kind: 'cannot_tell' }>;
type Read = { readonly ok: true; readonly value: JsonValue } | { readonly ok: false; readonly said: CannotTell };

export async function reconcileMastodon(effect: Effect, context: PerformContext): Promise<Reconciled> {
  const body = sentBody(effect, context);
  const { firstAttemptAt, lastAttemptAt } = context;
  if (!isObject(body)) return cannotTell('the artifact describes no status');
  const account = await read(context, '/api/v1/accounts/verify_credentials');
  if (!account.ok) return account.said;
  const id = textIn(account.value, 'id');
  if (id === undefined) return cannotTell('the answer names no account');
  const sinceMs = firstAttemptAt.getTime() - CLOCK_SKEW_MS;
  let before = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const path = `/api/v1/accounts/${encodeURIComponent(id)}/statuses?limit=${PAGE_SIZE}&exclude_reblogs=true${before}`;
    const list = await read(context, path);
    if (!list.ok) return list.said;
    if (!Array.isArray(list.value)) return cannotTell('the list of statuses could not be read');
    const statuses: readonly JsonValue[] = list.value;
    const recent = statuses.filter((status) => Date.parse(textIn(status, 'created_at') ?? '') >= sinceMs);
    for (const status of recent) {
      const said = await isOurs(context, body, mediaCountOf(effect), status);
      if (said === true) return happened(status);
      if (said !== false) return said;
    }
    const last = textIn(statuses.at(-1), 'id');
    const isComplete = recent.length < statuses.length || statuses.length < PAGE_SIZE || last === undefined;
    if (isComplete) return absent(lastAttemptAt);
    before = `&max_id=${encodeURIComponent(last)}`;
  }
  return cannotTell(`more than ${PAGE_SIZE * MAX_PAGES} statuses were posted since`);
}

function happened(status: JsonValue): Reconciled {
  const found = { foundByReading: true, foundAt: new Date().toISOString() };
  return { kind: 'happened', receipt: { ...statusReceipt(status), ...found } };
}

function absent(lastAttemptAt: Date): Reconciled {
  return Date.now() < lastAttemptAt.getTime() + SETTLE_MS
    ? cannotTell('the status is not there yet', ASK_AGAIN_MS)
    : { kind: 'did_not_happen' };
}

function cannotTell(reason: string, askAgainAfterMs?: number): CannotTell {
  return { kind: 'cannot_tell', reason, ...(askAgainAfterMs !== undefined && { askAgainAfterMs }) };
}

async function read(context: PerformContext, path: string): Promise<Read> {
  const logged = await credentialForReading(context);
  if (!logged.ok) return { ok: false, said: cannotTell(logged.outcome.reason, ASK_AGAIN_MS) };
  const { account, exchange, signal } = context;
  const request = jsonGet(new URL(path, account?.server).href);
  const authorization = `Bearer ${logged.credential.accessToken ?? ''}`;
  const answer = await exchange.send(filledIn(request, authorization), { signal, wholeBody: true });
  if (answer.kind !== 'answer') return { ok: false, said: cannotTell(answer.reason, ASK_AGAIN_MS) };
  const value = jsonOf(answer);
  if (isSuccess(answer) && value !== undefined) return { ok: true, value };
  const reason = answered('Mastodon', answer, textIn(objectOf(answer), 'error'));
  return { ok: false, said: cannotTell(reason, ASK_AGAIN_MS) };
}

/** Compares what the instance stores: the text from its source, since `content` is HTML. */
async function isOurs(
  context: PerformContext,
  body: JsonObject,
  mediaCount: number,
  status: JsonValue,
): Promise<boolean | CannotTell> {
  if (!isObject(status)) return false;
  const attachments = Array.isArray(status.media_attachments) ? status.media_attachments.length : 0;
  // One that lost pictures is ours too: it was posted.
  if (attachments > mediaCount || textIn(status, 'visibility') !== body.visibility) return false;
  if ((textIn(status, 'in_reply_to_id') ?? null) !== (body.in_reply_to_id ?? null)) return false;
  const id = textIn(status, 'id');
  if (id === undefined) return false;
  const source = await read(context, `/api/v1/statuses/${encodeURIComponent(id)}/source`);
  if (!source.ok) return source.said;
  const isSame = (name: 'text' | 'spoiler_text', ours: JsonValue | undefined) =>
    plain(textIn(source.value, name) ?? '') === plain(typeof ours === 'string' ? ours : '');
  return isSame('text', body.status) && isSame('spoiler_text', body.spoiler_text);
}

function plain(text: string): string {
  return text.replaceAll('\r\n', '\n').trim().normalize('NFC');
}
