/**
 * Bluesky: `com.atproto.repo.putRecord` with `swapRecord: null`. The record's key derives from the action, and the record is exact but
 * for its date, which is that of the first attempt: so a repetition changes nothing, and another record under that key is refused.
 */

import type { PostSocial } from '../../../contracts/payloads/post-social.ts';
import { addedAtSending } from '../../placeholder.ts';
import type { RenderAccount, Step } from '../../port.ts';
import {
  blobsOf,
  jsonPost,
  PARENT_STEP,
  type PostFileWithAlt,
  picturesOf,
  repliedActionStep,
  type SocialPlatformAdapter,
  uploadSummary,
} from '../platform.ts';
import { parentRequest } from './parent.ts';
import { blueskyProvider } from './provider.ts';
import { reconcileBluesky } from './reconcile.ts';
import { COLLECTION, CREATED_AT, postRecord, recordKey } from './record.ts';
import { performBluesky, prepareBluesky } from './send.ts';

/** A record is its own memory: as long as it is there, its key is not forgotten. */
const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000;

export const bluesky: SocialPlatformAdapter = {
  name: 'Bluesky',
  provider: blueskyProvider,
  redelivery: () => ({ kind: 'dedupes', windowMs: TEN_YEARS_MS, settleMs: 0 }),
  async render(post, context) {
    const { account } = context;
    const pictures = await picturesOf(post, context);
    const url = new URL('/xrpc/com.atproto.repo.putRecord', account.server).href;
    const put = {
      repo: account.identity,
      collection: COLLECTION,
      rkey: recordKey(context),
      record: postRecord(post, pictures),
      swapRecord: null,
    };
    const rendered = jsonPost(url, put, { addedAtSending: [CREATED_AT] });
    const uploads = pictures.map((picture, index) => uploadStep(account, picture, index, pictures.length));
    return { ...rendered, preparations: [...parentSteps(post, account), ...uploads], blobs: blobsOf(pictures) };
  },
  prepare: prepareBluesky,
  perform: performBluesky,
  reconcile: reconcileBluesky,
};

function parentSteps(post: PostSocial, { server }: RenderAccount): readonly Step[] {
  const { replyTo } = post;
  if (replyTo === undefined) return [];
  const summary = 'Look up the post that is replied to';
  return [repliedActionStep(post) ?? { name: PARENT_STEP, summary, request: parentRequest(server, replyTo) }];
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
