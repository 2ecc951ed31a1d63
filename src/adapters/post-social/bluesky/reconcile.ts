/** Whether the record is there: the server is the authority, and its answer is exact. */

import { isObject, type JsonValue } from '../../../contracts/http/json.ts';
import { canonicalJson } from '../../../domain/hashing.ts';
import type { Reconciled } from '../../../domain/outcomes.ts';
import { answered, isSuccess, objectOf, textIn } from '../../http-answers.ts';
import type { Effect, PerformContext } from '../../port.ts';
import { credentialForReading, jsonGet, sentBody } from '../platform.ts';
import { errorIn } from './answers.ts';
import { bearer, permalink } from './send.ts';

/** A server may still be at work on a request whose caller gave up. */
const SETTLE_MS = 30_000;
const ASK_AGAIN_MS = 10_000;

export async function reconcileBluesky(effect: Effect, context: PerformContext): Promise<Reconciled> {
  const body = sentBody(effect, context);
  const [repo, collection, rkey] = ['repo', 'collection', 'rkey'].map((name) => textIn(body, name) ?? '');
  const { account, exchange, signal, lastAttemptAt } = context;
  if (!account || !isObject(body)) return { kind: 'cannot_tell', reason: 'the artifact names no record' };
  const logged = await credentialForReading(context);
  if (!logged.ok) return { kind: 'cannot_tell', reason: logged.outcome.reason, askAgainAfterMs: ASK_AGAIN_MS };
  const query = new URLSearchParams({ repo: repo ?? '', collection: collection ?? '', rkey: rkey ?? '' });
  const url = new URL(`/xrpc/com.atproto.repo.getRecord?${query}`, account.server).href;
  const answer = await exchange.send(jsonGet(url, bearer(logged.credential)), { signal, wholeBody: true });
  if (answer.kind !== 'answer') {
    return { kind: 'cannot_tell', reason: answer.reason, askAgainAfterMs: ASK_AGAIN_MS };
  }
  if (isSuccess(answer)) {
    const found = objectOf(answer);
    const [uri, cid] = [textIn(found, 'uri'), textIn(found, 'cid')];
    if (uri === undefined || !isSame(body.record, found?.value)) {
      return { kind: 'cannot_tell', reason: 'another record stands under the key of this post' };
    }
    const createdAt = textIn(found?.value, 'createdAt');
    const receipt = {
      uri,
      cid: cid ?? null,
      url: permalink(uri) ?? null,
      ...(createdAt !== undefined && { createdAt }),
    };
    return { kind: 'happened', receipt: { ...receipt, foundByReading: true, foundAt: new Date().toISOString() } };
  }
  if (errorIn(answer) !== 'RecordNotFound') {
    return { kind: 'cannot_tell', reason: answered('Bluesky', answer, errorIn(answer)), askAgainAfterMs: ASK_AGAIN_MS };
  }
  if (Date.now() - lastAttemptAt.getTime() < SETTLE_MS) {
    return { kind: 'cannot_tell', reason: 'the record is not there yet', askAgainAfterMs: ASK_AGAIN_MS };
  }
  return { kind: 'did_not_happen' };
}

/**
 * The key is ours alone. What is replied to is known by its address, for the rest of the reference was looked up before the attempt; and
 * the date is that of an attempt.
 */
function isSame(ours: unknown, theirs: JsonValue | undefined): boolean {
  if (!isObject(ours) || !isObject(theirs)) return false;
  return canonicalJson(asApproved(ours)) === canonicalJson(asApproved(theirs));
}

function asApproved({ createdAt: _date, ...record }: Readonly<Record<string, unknown>>) {
  if (!isObject(record.reply) || !isObject(record.reply.parent)) return record;
  return { ...record, reply: record.reply.parent.uri };
}
