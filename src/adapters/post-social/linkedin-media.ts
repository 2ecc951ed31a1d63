/** Pictures on LinkedIn: a place is asked for, the bytes are put there, and then it is worked on. */

import { isObject, type JsonValue } from '../../contracts/http/json.ts';
import type { PostSocial } from '../../contracts/payloads/post-social.ts';
import { FILE_RULES, maxFileBytes } from '../../contracts/payloads/post-social-files.ts';
import { InvalidRequestError } from '../../domain/errors.ts';
import type { Answer } from '../exchange/index.ts';
import { isSuccess, objectOf, textIn } from '../http-answers.ts';
import { addedAtSending, resultOf } from '../placeholder.ts';
import type { EffectBlob, HttpRequest, PreparationOutcome, Step } from '../port.ts';
import { failureOf } from './linkedin-answers.ts';
import { headersOf, versionOf } from './linkedin-settings.ts';
import type { PostContext } from './platform.ts';

const ASK_AGAIN_AFTER_MS = 2_000;

export interface PreparedImages {
  readonly preparations: readonly Step[];
  readonly blobs: readonly EffectBlob[];
  /** What the post says of them; undefined where there are none. */
  readonly content: JsonValue | undefined;
}

export async function prepareImages(post: PostSocial, { blobs, account }: PostContext): Promise<PreparedImages> {
  const media = post.media ?? [];
  if (media.length > 0 && post.replyTo !== undefined) throw wrong(0, 'must not be there: a comment has no pictures');
  const preparations: Step[] = [];
  const files = new Map<string, EffectBlob>();
  for (const [index, { sha256, alt }] of media.entries()) {
    const { mediaType, byteCount } = await blobs.describe(sha256);
    if (!FILE_RULES.linkedin.mediaTypes.includes(mediaType))
      throw wrong(index, `must be a PNG, JPEG or GIF for linkedin, and is ${mediaType}`);
    const maxBytes = maxFileBytes('linkedin', mediaType);
    if (byteCount > maxBytes)
      throw wrong(index, `must have at most ${maxBytes} bytes for linkedin, and has ${byteCount}`);
    files.set(sha256, { sha256, mediaType, byteCount, ...(alt !== undefined && { alt }) });
    const number = index + 1;
    const what = `${number} of ${media.length}: ${mediaType}, ${Math.ceil(byteCount / 1_000)} kB`;
    preparations.push(
      { name: `image-${number}`, summary: `Ask for a place for picture ${what}`, request: placeRequest(account) },
      { name: `upload-${number}`, summary: `Upload ${what}`, request: uploadRequest(number, sha256, mediaType) },
    );
  }
  const images = media.map(({ alt }, index) => ({
    id: resultOf(`image-${index + 1}`, 'image'),
    ...(alt !== undefined && { altText: alt }),
  }));
  const [only] = images;
  const content = images.length > 1 ? { multiImage: { images } } : only && { media: only };
  return { preparations, blobs: [...files.values()], content };
}

function wrong(index: number, rule: string): InvalidRequestError {
  const field = `payload.media.${index}`;
  return new InvalidRequestError(`${field} ${rule}`, [{ field, rule }]);
}

function placeRequest(account: PostContext['account']): HttpRequest {
  const url = new URL('/rest/images?action=initializeUpload', account.server).href;
  const headers = {
    accept: 'application/json',
    authorization: addedAtSending('authorization'),
    'content-type': 'application/json',
    ...headersOf(versionOf(account)),
  };
  const value = { initializeUploadRequest: { owner: account.identity } };
  return { protocol: 'http', method: 'POST', url, headers, body: { kind: 'json', value } };
}

function uploadRequest(number: number, sha256: string, mediaType: string): HttpRequest {
  const headers = { authorization: addedAtSending('authorization'), 'content-type': mediaType };
  const url = resultOf(`image-${number}`, 'uploadUrl');
  return { protocol: 'http', method: 'PUT', url, headers, body: { kind: 'blob', sha256 } };
}

/** Whether its picture can be used by now. */
export function statusRequest(server: string, image: string, headers: Readonly<Record<string, string>>): HttpRequest {
  const url = new URL(`/rest/images/${encodeURIComponent(image)}`, server).href;
  return {
    protocol: 'http',
    method: 'GET',
    url,
    headers: { accept: 'application/json', ...headers },
    body: { kind: 'none' },
  };
}

export function placeOutcome(answer: Answer): PreparationOutcome {
  if (!isSuccess(answer)) return asPreparation(answer);
  const value = objectOf(answer)?.value;
  const place = isObject(value) ? value : {};
  const { uploadUrl, image } = place;
  if (typeof uploadUrl !== 'string' || typeof image !== 'string' || !URL.canParse(uploadUrl)) {
    return { kind: 'not_sent', reason: 'the answer named no place for the picture' };
  }
  return { kind: 'ready', result: { uploadUrl, image } };
}

export function uploadOutcome(answer: Answer): PreparationOutcome {
  if (!isSuccess(answer)) return asPreparation(answer);
  return { kind: 'not_yet', result: { isUploaded: true }, askAgainAfterMs: ASK_AGAIN_AFTER_MS };
}

export function statusOutcome(answer: Answer): PreparationOutcome {
  if (!isSuccess(answer)) return asPreparation(answer);
  const status = textIn(objectOf(answer), 'status');
  if (status === 'AVAILABLE') return { kind: 'ready', result: {} };
  if (status === 'PROCESSING_FAILED') return { kind: 'rejected', reason: 'LinkedIn could not process the picture' };
  return { kind: 'not_yet', result: { isUploaded: true }, askAgainAfterMs: ASK_AGAIN_AFTER_MS };
}

/** An upload that may have happened is made again: nobody sees it. */
function asPreparation(answer: Answer): PreparationOutcome {
  const failed = failureOf(answer, 1);
  return failed.kind === 'unknown' ? { ...failed, kind: 'not_sent' } : failed;
}
