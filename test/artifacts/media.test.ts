/** What a file is, by its bytes; pictures lose what was written about them, and nothing else. */

import { describe, expect, test } from '@jest/globals';
import { imageSize } from 'image-size';
import { readMedia } from '../../src/artifacts/media.ts';
import { InvalidRequestError } from '../../src/domain/errors.ts';
import { jpegWithMetadata, PICTURE_SECRET, png } from '../support/pictures.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

describe('pictures', () => {
  test('a PNG keeps its pixels and loses comments and Exif', async () => {
    const plain = png();
    const { bytes, ...what } = await readMedia(png(3, 2, { metadata: true }), 'text/plain');
    expect(what).toEqual({ mediaType: 'image/png', width: 3, height: 2 });
    expect(Buffer.from(bytes).equals(plain)).toBe(true);
    expect((await readMedia(bytes, '')).bytes).toEqual(bytes);
  });

  test('a JPEG loses place, comment and what stands behind its end, and keeps how it is turned', async () => {
    const dirty = jpegWithMetadata(6);
    expect(text(dirty)).toContain(PICTURE_SECRET);
    const { bytes, ...what } = await readMedia(dirty, 'image/png');
    expect(what).toEqual({ mediaType: 'image/jpeg', width: 8, height: 8 });
    expect(text(bytes)).not.toContain(PICTURE_SECRET);
    expect(imageSize(bytes)).toMatchObject({ orientation: 6 });
    expect(text((await readMedia(jpegWithMetadata(1), '')).bytes)).not.toContain('Exif');
  });

  test.each([
    ['a PNG that is cut', png().subarray(0, -20)],
    ['a JPEG without its end', jpegWithMetadata().subarray(0, 150)],
    ['a JPEG whose segments lie', Buffer.concat([jpegWithMetadata().subarray(0, 20), Buffer.from('ffe1ffff', 'hex')])],
    ['a PNG of more pixels than memory', png(20_000, 6_000).subarray(0)],
  ])('%s is refused', async (_name, bytes) => {
    await expect(readMedia(bytes, 'image/png')).rejects.toBeInstanceOf(InvalidRequestError);
  });
});

test('other files keep their bytes; what their sender says is believed only of text', async () => {
  const pdf = Buffer.from('%PDF-1.7\n1 0 obj\n<<>>\nendobj\n');
  expect(await readMedia(pdf, 'image/png')).toEqual({ bytes: pdf, mediaType: 'application/pdf' });
  const page = Buffer.from('<script>alert(1)</script>');
  expect(await readMedia(page, 'text/html')).toEqual({ bytes: page, mediaType: 'application/octet-stream' });
  expect(await readMedia(page, 'text/plain; charset=utf-8')).toEqual({
    bytes: page,
    mediaType: 'text/plain; charset=utf-8',
  });
});
