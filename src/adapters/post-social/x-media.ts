/** Pictures on X: each is uploaded before the post, and its alt text is told after that. */

import { isObject, type JsonValue } from '../../contracts/http/json.ts';
import type { PostSocial } from '../../contracts/payloads/post-social.ts';
import { FILE_RULES, maxFileBytes } from '../../contracts/payloads/post-social-files.ts';
import { InvalidRequestError } from '../../domain/errors.ts';
import { sha256Hex } from '../../domain/hashing.ts';
import type { Answer } from '../exchange/index.ts';
import { isSuccess, objectOf, textIn } from '../http-answers.ts';
import { addedAtSending, resultOf } from '../placeholder.ts';
import type { EffectBlob, PreparationOutcome, Step } from '../port.ts';
import type { PostContext } from './platform.ts';
import { failureOf } from './x-answers.ts';

const MAX_ALT_LENGTH = 1_000;
const ASK_AGAIN_AFTER_MS = 5_000;

export interface PreparedMedia {
  readonly preparations: readonly Step[];
  readonly blobs: readonly EffectBlob[];
  /** What stands for the ids of the uploads. */
  readonly ids: readonly string[];
}

export async function prepareMedia(
  post: PostSocial,
  { blobs, account, providerKey }: PostContext,
): Promise<PreparedMedia> {
  const preparations: Step[] = [];
  const files = new Map<string, EffectBlob>();
  const media = post.media ?? [];
  for (const [index, { sha256, alt }] of media.entries()) {
    const { mediaType, byteCount } = await blobs.describe(sha256);
    check(index, mediaType, byteCount, alt, media.length);
    files.set(sha256, { sha256, mediaType, byteCount, ...(alt !== undefined && { alt }) });
    const boundary = `aol-${sha256Hex(`${providerKey} ${index}`).slice(0, 32)}`;
    const [url, name] = [new URL('/2/media/upload', account.server).href, `media-${index + 1}`];
    const summary = `Upload ${index + 1} of ${media.length}: ${mediaType}, ${Math.ceil(byteCount / 1_000)} kB`;
    const category = mediaType === 'image/gif' ? 'tweet_gif' : 'tweet_image';
    const parts = [
      { name: 'media_category', value: category },
      { name: 'media', fileName: `picture-${index + 1}`, mediaType, blob: sha256 },
    ];
    const headers = {
      accept: 'application/json',
      authorization: addedAtSending('authorization'),
      'content-type': `multipart/form-data; boundary=${boundary}`,
    };
    const body = { kind: 'multipart', boundary, parts } as const;
    preparations.push({ name, summary, request: { protocol: 'http', method: 'POST', url, headers, body } });
    if (alt !== undefined) preparations.push(altStep(index, name, alt, account.server));
  }
  const ids = media.map((_file, index) => resultOf(`media-${index + 1}`, 'id'));
  return { preparations, blobs: [...files.values()], ids };
}

function altStep(index: number, upload: string, alt: string, server: string): Step {
  const value = { id: resultOf(upload, 'id'), metadata: { alt_text: { text: alt } } };
  const headers = {
    accept: 'application/json',
    authorization: addedAtSending('authorization'),
    'content-type': 'application/json',
  };
  const url = new URL('/2/media/metadata', server).href;
  return {
    name: `alt-${index + 1}`,
    summary: `Alt text of upload ${index + 1}`,
    request: { protocol: 'http', method: 'POST', url, headers, body: { kind: 'json', value } },
  };
}

function check(index: number, mediaType: string, byteCount: number, alt: string | undefined, count: number): void {
  const field = `payload.media.${index}`;
  const wrong = (rule: string) => new InvalidRequestError(`${field} ${rule}`, [{ field, rule }]);
  if (!FILE_RULES.x.mediaTypes.includes(mediaType))
    throw wrong(`must be a PNG, JPEG, WebP or GIF for x, and is ${mediaType}`);
  const maxBytes = maxFileBytes('x', mediaType);
  if (byteCount > maxBytes) throw wrong(`must have at most ${maxBytes} bytes for x, and has ${byteCount}`);
  if (mediaType === 'image/gif' && count > 1) throw wrong('must be alone: a post on x has one GIF at most');
  if ((alt?.length ?? 0) > MAX_ALT_LENGTH) throw wrong(`must have an alt text of at most ${MAX_ALT_LENGTH} characters`);
}

/** The id of the upload, now or when X has processed it. */
export function uploadOutcome(answer: Answer): PreparationOutcome {
  if (!isSuccess(answer)) return asPreparation(answer);
  const body = objectOf(answer);
  const data = isObject(body?.data) ? body.data : undefined;
  const id = textIn(data, 'id');
  if (data === undefined || id === undefined) return { kind: 'not_sent', reason: 'the answer named no upload' };
  const info = isObject(data.processing_info) ? data.processing_info : undefined;
  const state = info?.state ?? 'succeeded';
  if (state === 'failed') return { kind: 'rejected', reason: 'X could not process the file' };
  const result: JsonValue = { id };
  if (state === 'succeeded') return { kind: 'ready', result };
  const seconds = typeof info?.check_after_secs === 'number' ? info.check_after_secs : ASK_AGAIN_AFTER_MS / 1_000;
  return { kind: 'not_yet', result, askAgainAfterMs: seconds * 1_000 };
}

export function altOutcome(answer: Answer): PreparationOutcome {
  return isSuccess(answer) ? { kind: 'ready', result: {} } : asPreparation(answer);
}

/** An upload that may have happened is made again: nobody sees it. */
function asPreparation(answer: Answer): PreparationOutcome {
  const failed = failureOf(answer);
  return failed.kind === 'unknown' ? { ...failed, kind: 'not_sent' } : failed;
}
