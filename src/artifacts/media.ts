/** What a file is, by its bytes: its type, its size in pixels; and pictures without what their cameras wrote into them. */

import { fileTypeFromBuffer } from 'file-type';
import { imageSize } from 'image-size';
import { InvalidRequestError } from '../domain/errors.ts';
import { withoutMetadata } from './picture-metadata.ts';

export interface MediaFile {
  readonly bytes: Uint8Array;
  /** By the bytes, whatever the sender said; text and what nobody knows is `application/octet-stream` or what was said of it. */
  readonly mediaType: string;
  readonly width?: number;
  readonly height?: number;
}

const PICTURES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);
/** Where a picture has more, a decoder needs gigabytes. */
const MAX_PIXELS = 100_000_000;

/**
 * Says what a file is. A picture loses its metadata (place, camera, comments), and keeps how it is to be turned.
 *
 * @param declared what its sender says it is; believed only where the bytes say nothing
 * @throws InvalidRequestError for a damaged picture
 */
export async function readMedia(bytes: Uint8Array, declared: string): Promise<MediaFile> {
  const found = await fileTypeFromBuffer(bytes);
  if (!found) return { bytes, mediaType: textType(declared) };
  if (!PICTURES.has(found.mime)) return { bytes, mediaType: found.mime };
  const clean = withoutMetadata(bytes, found.mime);
  const { width, height } = sizeOf(clean);
  if (width * height > MAX_PIXELS)
    throw damaged(`must have at most ${MAX_PIXELS} pixels, and has ${width} × ${height}`);
  return { bytes: clean, mediaType: found.mime, width, height };
}

function sizeOf(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  try {
    return imageSize(bytes);
  } catch {
    throw damaged('is a damaged picture: its size cannot be read');
  }
}

/** Only kinds that the bytes cannot contradict. */
function textType(declared: string): string {
  return /^text\/(?:plain|csv|calendar)(?:;.*)?$/u.test(declared) ? declared : 'application/octet-stream';
}

/** A picture that is not whole. */
export function damaged(rule: string): InvalidRequestError {
  return new InvalidRequestError(`the file ${rule}`, [{ field: 'body', rule }]);
}
