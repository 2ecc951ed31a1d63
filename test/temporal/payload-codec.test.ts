import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { PayloadKeyError } from '../../src/domain/errors.ts';
import { parsePayloadKeys } from '../../src/domain/payload-keys.ts';
import { createPayloadCodec, payloadKeyId } from '../../src/temporal/payload-codec.ts';

const older = randomBytes(32);
const newer = randomBytes(32);
const values = [{ reason: 'canary' }, 'canary', null, undefined, 7, new Uint8Array([0, 255]), 'x'.repeat(100_000)];
const payloads: Payload[] = values.map((value) => defaultPayloadConverter.toPayload(value));
const valuesOf = (decoded: readonly Payload[]) =>
  decoded.map((payload) => defaultPayloadConverter.fromPayload(payload));

describe('the payload codec', () => {
  test('what it encrypts it decrypts, whatever it is, and nothing of it is readable', async () => {
    const codec = createPayloadCodec([newer]);
    const encoded = await codec.encode(payloads);
    expect(valuesOf(await codec.decode(encoded))).toEqual(values);
    for (const { metadata, data } of encoded) {
      expect(Object.keys(metadata ?? {})).toEqual(['encoding', 'encryption-key-id']);
      expect(Buffer.from(data ?? []).toString('latin1')).not.toMatch(/canary|json|xxxx/);
    }
  });

  test('the same payload twice is not the same bytes', async () => {
    const codec = createPayloadCodec([newer]);
    const [first] = await codec.encode(payloads);
    const [second] = await codec.encode(payloads);
    expect(first?.data).not.toEqual(second?.data);
  });

  test('while a key is rotated the new one encrypts and both decrypt; without the old one its payloads are refused', async () => {
    const encoded = await createPayloadCodec([older]).encode(payloads);
    const rotating = createPayloadCodec([newer, older]);
    expect(valuesOf(await rotating.decode(encoded))).toEqual(values);
    expect(valuesOf(await createPayloadCodec([newer]).decode(await rotating.encode(payloads)))).toEqual(values);
    const refused = createPayloadCodec([newer]).decode(encoded);
    await expect(refused).rejects.toThrow(PayloadKeyError);
    await expect(refused).rejects.toThrow(`key ${payloadKeyId(older)}, which AOL_PAYLOAD_KEY does not hold`);
  });

  test('without keys it leaves payloads alone, reads plain ones, and says which key an encrypted one needs', async () => {
    const plain = createPayloadCodec([]);
    expect(await plain.encode(payloads)).toBe(payloads);
    expect(await plain.decode(payloads)).toEqual(payloads);
    expect(await createPayloadCodec([newer]).decode(payloads)).toEqual(payloads);
    await expect(plain.decode(await createPayloadCodec([newer]).encode(payloads))).rejects.toThrow(/AOL_PAYLOAD_KEY/);
  });

  test('a changed bit is found', async () => {
    const codec = createPayloadCodec([newer]);
    const encoded = await codec.encode(payloads.slice(0, 1));
    for (const at of [0, 20, -1]) {
      const data = Buffer.from(encoded[0]?.data ?? []);
      const index = at < 0 ? data.length + at : at;
      data.writeUInt8(data.readUInt8(index) ^ 1, index);
      await expect(codec.decode([{ ...encoded[0], data }])).rejects.toThrow(/was changed/);
    }
    await expect(codec.decode([{ ...encoded[0], data: new Uint8Array(3) }])).rejects.toThrow(PayloadKeyError);
  });
});

test('AOL_PAYLOAD_KEY: one key or several, each 32 bytes in base64', () => {
  expect(parsePayloadKeys(newer.toString('base64'))).toEqual([new Uint8Array(newer)]);
  expect(parsePayloadKeys(`${newer.toString('base64')}, ${older.toString('base64')}`)).toHaveLength(2);
  for (const wrong of [
    '',
    'short',
    newer.toString('hex'),
    `${newer.toString('base64')},`,
    randomBytes(31).toString('base64'),
  ]) {
    expect(parsePayloadKeys(wrong)).toBeUndefined();
  }
});
