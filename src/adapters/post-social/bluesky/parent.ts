/** What is replied to: looked up before, and has to be there. */

import { isObject, type JsonValue } from '../../../contracts/http/json.ts';
import type { AttemptOutcome } from '../../../domain/outcomes.ts';
import type { Answer } from '../../exchange/index.ts';
import { isSuccess, objectOf, textIn } from '../../http-answers.ts';
import type { HttpRequest } from '../../port.ts';
import { jsonGet } from '../platform.ts';
import { failureOf } from './answers.ts';

export type Prepared =
  | { readonly kind: 'ready'; readonly result: JsonValue }
  | Exclude<AttemptOutcome, { kind: 'done' }>;

/** @param parent `at://did:…/app.bsky.feed.post/…`, as the payload's schema allows it */
export function parentRequest(server: string, parent: string): HttpRequest {
  const [repo = '', collection = '', rkey = ''] = parent.slice('at://'.length).split('/');
  const query = new URLSearchParams({ repo, collection, rkey });
  return jsonGet(new URL(`/xrpc/com.atproto.repo.getRecord?${query}`, server).href);
}

/** Undefined where the receipt names no post. */
export function requestByReceipt(receipt: JsonValue | undefined, server: string | undefined): HttpRequest | undefined {
  const uri = textIn(receipt, 'uri');
  if (server === undefined || uri === undefined || !/^at:\/\/did:[^/]+\/[^/]+\/[^/]+$/u.test(uri)) return undefined;
  return parentRequest(server, uri);
}

/** A reply to a post that is not there would be accepted: nobody would see it. */
export function parentOf(answer: Answer): Prepared {
  const body = objectOf(answer);
  if (!isSuccess(answer)) {
    const error = textIn(body, 'error');
    const isGone = error === 'RecordNotFound' || error === 'RepoNotFound' || answer.status === 404;
    if (isGone) return { kind: 'rejected', reason: 'the post that is replied to is not there' };
    return failureOf(answer);
  }
  const [uri, cid, value] = [textIn(body, 'uri'), textIn(body, 'cid'), body?.value];
  if (uri === undefined || cid === undefined || !isObject(value)) {
    return { kind: 'not_sent', reason: 'the post that is replied to could not be read' };
  }
  const root = isObject(value.reply) ? value.reply.root : undefined;
  const [rootUri = uri, rootCid = cid] = [textIn(root, 'uri'), textIn(root, 'cid')];
  return { kind: 'ready', result: { uri, cid, rootUri, rootCid } };
}
