/**
 * Bluesky: `com.atproto.repo.putRecord` with `swapRecord: null`. The record's key derives from the action and the record is exact
 * before the first attempt, so a repetition changes nothing; another record under that key is refused.
 */

import { addedAtSending } from '../../placeholder.ts';
import type { RenderAccount, Step } from '../../port.ts';
import {
  blobsOf,
  jsonGet,
  jsonPost,
  type PostFileWithAlt,
  picturesOf,
  type SocialPlatformAdapter,
  uploadSummary,
} from '../platform.ts';
import { blueskyProvider } from './provider.ts';
import { reconcileBluesky } from './reconcile.ts';
import { COLLECTION, PARENT_STEP, postRecord, recordKey } from './record.ts';
import { performBluesky, prepareBluesky } from './send.ts';

/** A record is its own memory: as long as it is there, its key is not forgotten. */
const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000;

export const bluesky: SocialPlatformAdapter = {
  name: 'Bluesky',
  provider: blueskyProvider,
  redelivery: () => ({ kind: 'dedupes', windowMs: TEN_YEARS_MS, settleMs: 0 }),
  async render(post, context) {
    const { account, runAt } = context;
    const pictures = await picturesOf(post, context);
    const rendered = jsonPost(new URL('/xrpc/com.atproto.repo.putRecord', account.server).href, {
      repo: account.identity,
      collection: COLLECTION,
      rkey: recordKey(context),
      record: postRecord(post, runAt, pictures),
      swapRecord: null,
    });
    const uploads = pictures.map((picture, index) => uploadStep(account, picture, index, pictures.length));
    const parent = post.replyTo === undefined ? [] : [parentStep(account, post.replyTo)];
    return { ...rendered, preparations: [...parent, ...uploads], blobs: blobsOf(pictures) };
  },
  prepare: prepareBluesky,
  perform: performBluesky,
  reconcile: reconcileBluesky,
};

/** @param parent `at://did:…/app.bsky.feed.post/…`, as the payload's schema allows it */
function parentStep({ server }: RenderAccount, parent: string): Step {
  const [repo = '', collection = '', rkey = ''] = parent.slice('at://'.length).split('/');
  const query = new URLSearchParams({ repo, collection, rkey });
  return {
    name: PARENT_STEP,
    summary: 'Look up the post that is replied to',
    request: jsonGet(new URL(`/xrpc/com.atproto.repo.getRecord?${query}`, server).href),
  };
}

function uploadStep({ server }: RenderAccount, picture: PostFileWithAlt, index: number, count: number): Step {
  return {
    name: `image-${index + 1}`,
    summary: uploadSummary(picture, index, count),
    request: {
      protocol: 'http',
      method: 'POST',
      url: new URL('/xrpc/com.atproto.repo.uploadBlob', server).href,
      headers: {
        accept: 'application/json',
        authorization: addedAtSending('authorization'),
        'content-type': picture.mediaType,
      },
      body: { kind: 'blob', sha256: picture.sha256 },
    },
  };
}
