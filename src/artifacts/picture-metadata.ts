/** Takes what cameras and programs wrote about a picture out of it, without touching the picture. How it is to be turned stays. */

import { damaged } from './media.ts';

/** @throws InvalidRequestError when the picture is not whole */
export function withoutMetadata(bytes: Uint8Array, mediaType: string): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (mediaType) {
    case 'image/jpeg':
      return jpeg(buffer);
    case 'image/png':
      return png(buffer);
    case 'image/webp':
      return webp(buffer);
    default:
      return bytes;
  }
}

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;

/** Segments until the scan: APP1 (Exif, XMP), APP3 to APP13 (Photoshop, IPTC) and comments go; JFIF, ICC and Adobe's colours stay. */
function jpeg(bytes: Buffer): Buffer {
  const pieces = [bytes.subarray(0, 2)];
  let at = 2;
  for (;;) {
    if (at + 4 > bytes.length || bytes[at] !== 0xff) throw damaged('is a damaged JPEG');
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === START_OF_SCAN) break;
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) throw damaged('is a damaged JPEG');
    const segment = bytes.subarray(at, end);
    if (marker === 0xe1) pieces.push(...turning(segment));
    else if (!(marker >= 0xe3 && marker <= 0xed) && marker !== 0xfe) pieces.push(segment);
    at = end;
  }
  const scan = bytes.subarray(at);
  const end = scan.lastIndexOf(Buffer.from([0xff, END_OF_IMAGE]));
  if (end < 0) throw damaged('is a JPEG without its end');
  // What stands behind the end (a film, a second picture) goes too.
  return Buffer.concat([...pieces, scan.subarray(0, end + 2)]);
}

/** An Exif segment with nothing but the orientation of another, if that has one that matters. */
function turning(segment: Buffer): Buffer[] {
  const orientation = orientationOf(segment);
  if (orientation === undefined || orientation === 1) return [];
  const exif = Buffer.from('ffe1002245786966000049492a0008000000010012010300010000000000000000000000', 'hex');
  exif.writeUInt16LE(orientation, 28);
  return [exif];
}

function orientationOf(segment: Buffer): number | undefined {
  if (segment.toString('latin1', 4, 10) !== 'Exif\0\0' || segment.length < 26) return undefined;
  const tiff = segment.subarray(10);
  const isLittle = tiff.toString('latin1', 0, 2) === 'II';
  const u16 = (offset: number) => (isLittle ? tiff.readUInt16LE(offset) : tiff.readUInt16BE(offset));
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (directory + 2 > tiff.length) return undefined;
  for (let entry = 0; entry < u16(directory); entry += 1) {
    const offset = directory + 2 + entry * 12;
    if (offset + 12 > tiff.length) return undefined;
    if (u16(offset) === 0x0112) {
      const orientation = u16(offset + 8);
      return orientation >= 1 && orientation <= 8 ? orientation : undefined;
    }
  }
  return undefined;
}

const PNG_METADATA: ReadonlySet<string> = new Set(['tEXt', 'zTXt', 'iTXt', 'eXIf', 'tIME']);

function png(bytes: Buffer): Buffer {
  const pieces = [bytes.subarray(0, 8)];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (end > bytes.length) break;
    if (!PNG_METADATA.has(type)) pieces.push(bytes.subarray(at, end));
    if (type === 'IEND') return Buffer.concat(pieces);
    at = end;
  }
  throw damaged('is a PNG without its end');
}

const WEBP_EXIF = 0x08;
const WEBP_XMP = 0x04;

function webp(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    const end = at + 8 + length + (length % 2);
    const type = bytes.toString('latin1', at, at + 4);
    if (at + 8 + length > bytes.length) throw damaged('is a damaged WebP');
    const chunk = Buffer.from(bytes.subarray(at, end));
    if (type === 'VP8X') chunk.writeUInt8(chunk.readUInt8(8) & ~(WEBP_EXIF | WEBP_XMP), 8);
    if (type !== 'EXIF' && type !== 'XMP ') pieces.push(chunk);
    at = end;
  }
  const body = Buffer.concat(pieces);
  const head = Buffer.from(bytes.subarray(0, 12));
  head.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([head, body]);
}
