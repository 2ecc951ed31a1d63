/** Small real pictures, made here, with metadata that must not get out. */

import { crc32, deflateSync } from 'node:zlib';

const SECRET = 'secret-place-52.5200N-13.4050E';

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

/** A PNG in one colour. */
export function png(width = 3, height = 2, options: { readonly metadata?: boolean } = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.concat(
    Array.from({ length: height }, () => Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 0x7f)])),
  );
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    ...(options.metadata ? [chunk('tEXt', Buffer.from(`Comment\0${SECRET}`)), chunk('eXIf', Buffer.from(SECRET))] : []),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A grey JPEG of 8 by 8 pixels, with an Exif segment that holds a place and an orientation, a comment, and bytes behind its end. */
export function jpegWithMetadata(orientation = 6): Buffer {
  const tiff = Buffer.alloc(26);
  tiff.write('II*\0', 0, 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(1, 8);
  tiff.writeUInt16LE(0x0112, 10);
  tiff.writeUInt16LE(3, 12);
  tiff.writeUInt32LE(1, 14);
  tiff.writeUInt16LE(orientation, 18);
  const exif = segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff, Buffer.from(SECRET)]));
  const comment = segment(0xfe, Buffer.from(SECRET));
  return Buffer.concat([PLAIN_JPEG.subarray(0, 2), exif, comment, PLAIN_JPEG.subarray(2), Buffer.from(SECRET)]);
}

export const PICTURE_SECRET = SECRET;

function segment(marker: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

/** The smallest baseline JPEG: one grey block. */
const PLAIN_JPEG = Buffer.concat([
  Buffer.from('ffd8', 'hex'),
  segment(0xdb, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 1)])),
  segment(0xc0, Buffer.from('0800080008010111 00'.replace(' ', ''), 'hex')),
  segment(0xc4, Buffer.concat([Buffer.from([0x00, 1]), Buffer.alloc(15), Buffer.from([0])])),
  segment(0xc4, Buffer.concat([Buffer.from([0x10, 1]), Buffer.alloc(15), Buffer.from([0])])),
  segment(0xda, Buffer.from('01010000 3f00'.replace(' ', ''), 'hex')),
  Buffer.from('3fffd9', 'hex'),
]);
