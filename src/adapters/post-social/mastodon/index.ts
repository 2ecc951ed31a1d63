/**
 * Mastodon: `POST /api/v1/statuses`. The instance keeps an idempotency key for one hour, and writes it after the status: a
 * repetition comes a minute later at the earliest, and never when the hour is nearly over. What is to be posted later waits in our
 * own queue: the instance's `scheduled_at` ignores the key.
 */

import type { Audience, PostSocial } from '../../../contracts/payloads/post-social.ts';
import { contentLength, postText } from '../../../contracts/payloads/post-social-length.ts';
import { RenderError } from '../../errors.ts';
import { addedAtSending, resultOf } from '../../placeholder.ts';
import type { MultipartPart, RenderAccount, Step } from '../../port.ts';
import {
  blobsOf,
  jsonPost,
  PARENT_STEP,
  type PostContext,
  type PostFileWithAlt,
  picturesOf,
  repliedActionStep,
  type SocialPlatformAdapter,
  uploadSummary,
} from '../platform.ts';
import { factsOf } from './facts.ts';
import { mastodonProvider } from './provider.ts';
import { reconcileMastodon } from './reconcile.ts';
import { performMastodon, prepareMastodon } from './send.ts';

const VISIBILITIES: Readonly<Record<Audience, string>> = {
  public: 'public',
  unlisted: 'unlisted',
  followers: 'private',
  connections: 'private',
};
const WINDOW_MS = 50 * 60_000;
const SETTLE_MS = 60_000;
/** Whose servers are known to keep the key. Others with the same API are asked whether it happened. */
const KEEPS_KEYS: ReadonlySet<string> = new Set(['mastodon', 'hometown']);

export const mastodon: SocialPlatformAdapter = {
  name: 'Mastodon',
  provider: mastodonProvider,
  redelivery(account) {
    const keepsKeys = account === undefined || KEEPS_KEYS.has(factsOf(account.facts).software ?? '');
    return keepsKeys ? { kind: 'dedupes', windowMs: WINDOW_MS, settleMs: SETTLE_MS } : { kind: 'neither' };
  },
  async render(post, context) {
    const { content, link, replyTo, audience = 'public', warning, language } = post;
    const { providerKey, account } = context;
    const pictures = await picturesOf(post, context);
    checkLimits(post, pictures, context);
    const parent = repliedActionStep(post);
    const body = {
      status: postText(content, link),
      visibility: VISIBILITIES[audience],
      ...(replyTo !== undefined && { in_reply_to_id: parent ? resultOf(PARENT_STEP, 'id') : replyTo }),
      ...(warning !== undefined && { spoiler_text: warning }),
      ...(language !== undefined && { language }),
      ...(pictures.length > 0 && { media_ids: pictures.map((_, index) => resultOf(stepName(index), 'id')) }),
    };
    const rendered = jsonPost(new URL('/api/v1/statuses', account.server).href, body, {
      headers: { 'idempotency-key': providerKey },
    });
    const uploads = pictures.map((picture, index) => uploadStep(account, picture, index, pictures.length));
    return { ...rendered, preparations: [...(parent ? [parent] : []), ...uploads], blobs: blobsOf(pictures) };
  },
  prepare: prepareMastodon,
  perform: performMastodon,
  reconcile: reconcileMastodon,
};

/** An instance may allow less than what the payload's schema knows of. */
function checkLimits(post: PostSocial, pictures: readonly PostFileWithAlt[], { account }: PostContext): void {
  const { maxCharacters, maxAttachments, imageBytes, mediaTypes, altCharacters } = factsOf(account.facts);
  const { content, link, warning = '' } = post;
  const used = contentLength('mastodon', content, link).used + contentLength('mastodon', warning).used;
  const problem = (rule: string) => new RenderError(`the instance ${account.server} ${rule}`);
  if (maxCharacters !== undefined && used > maxCharacters)
    throw problem(`takes ${maxCharacters} characters, and this post has ${used}`);
  if (maxAttachments !== undefined && pictures.length > maxAttachments)
    throw problem(`takes ${maxAttachments} pictures, and this post has ${pictures.length}`);
  for (const { mediaType, byteCount, alt = '' } of pictures) {
    if (imageBytes !== undefined && byteCount > imageBytes)
      throw problem(`takes pictures of ${imageBytes} bytes, and one has ${byteCount}`);
    if (mediaTypes !== undefined && !mediaTypes.includes(mediaType)) throw problem(`takes no ${mediaType}`);
    if (altCharacters !== undefined && Array.from(alt).length > altCharacters)
      throw problem(`takes descriptions of ${altCharacters} characters`);
  }
}

function stepName(index: number): string {
  return `media-${index + 1}`;
}

function uploadStep({ server }: RenderAccount, picture: PostFileWithAlt, index: number, count: number): Step {
  const { sha256, mediaType, alt } = picture;
  // No file holds its own SHA-256.
  const boundary = `aol-${sha256.slice(0, 40)}`;
  const file = { name: 'file', fileName: `${sha256.slice(0, 16)}.${mediaType.split('/')[1] ?? 'bin'}` };
  const parts: readonly MultipartPart[] = [
    ...(alt === undefined ? [] : [{ name: 'description', value: alt }]),
    { ...file, mediaType, blob: sha256 },
  ];
  return {
    name: stepName(index),
    summary: uploadSummary(picture, index, count),
    request: {
      protocol: 'http',
      method: 'POST',
      url: new URL('/api/v2/media', server).href,
      headers: {
        accept: 'application/json',
        authorization: addedAtSending('authorization'),
        'content-type': `multipart/form-data; boundary=${boundary}`,
      },
      body: { kind: 'multipart', boundary, parts },
    },
  };
}
