/**
 * Encrypts what Temporal stores: inputs, results, updates, failures, summaries. AES-256-GCM, in the layout of Temporal's own
 * samples, so that their codec servers can read it: nonce, cipher text, tag; the key's id stands in the metadata.
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { Reader, Writer } from 'protobufjs/minimal.js';
import { PayloadKeyError } from '../domain/errors.ts';

const ENCODING = 'encoding';
const ENCRYPTED = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** How a key is named in histories: by a part of its SHA-256, which tells nothing about it. */
export function payloadKeyId(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

/**
 * A codec for workers and clients. The first key encrypts, all of them decrypt; without keys payloads are left as they are,
 * and what is encrypted is refused with an error that says so.
 *
 * @throws PayloadKeyError (when decoding) if the key that a payload was encrypted with is not among them
 */
export function createPayloadCodec(keys: readonly Uint8Array[]): PayloadCodec {
  const known = new Map(keys.map((key) => [payloadKeyId(key), key]));
  const [current] = known;
  return {
    encode: async (payloads) => (current ? payloads.map((payload) => encrypt(payload, ...current)) : payloads),
    decode: async (payloads) => payloads.map((payload) => (isEncrypted(payload) ? decrypt(payload, known) : payload)),
  };
}

function isEncrypted(payload: Payload): boolean {
  return text(payload.metadata?.[ENCODING]) === ENCRYPTED;
}

function encrypt(payload: Payload, keyId: string, key: Uint8Array): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  const data = Buffer.concat([nonce, cipher.update(write(payload)), cipher.final(), cipher.getAuthTag()]);
  return { metadata: { [ENCODING]: Buffer.from(ENCRYPTED), [KEY_ID]: Buffer.from(keyId) }, data };
}

function decrypt(payload: Payload, known: ReadonlyMap<string, Uint8Array>): Payload {
  const keyId = text(payload.metadata?.[KEY_ID]);
  const key = known.get(keyId);
  if (!key) {
    throw new PayloadKeyError(`this is encrypted with key ${keyId}, which AOL_PAYLOAD_KEY does not hold`);
  }
  const bytes = payload.data ?? new Uint8Array();
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  try {
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return read(Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]));
  } catch (error) {
    throw new PayloadKeyError(`this was changed after it was encrypted with key ${keyId}`, { cause: error });
  }
}

function text(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

/** The tag of a field of bytes or of a message, in the wire format of Protocol Buffers. */
const tag = (field: number) => (field << 3) | 2;
const METADATA = tag(1);
const DATA = tag(2);
const KEY = tag(1);
const VALUE = tag(2);

/** A payload as `temporal.api.common.v1.Payload`: a map of metadata, and data. */
function write({ metadata, data }: Payload): Uint8Array {
  const writer = Writer.create();
  for (const [name, value] of Object.entries(metadata ?? {})) {
    writer.uint32(METADATA).fork().uint32(KEY).string(name).uint32(VALUE).bytes(value).ldelim();
  }
  return writer
    .uint32(DATA)
    .bytes(data ?? new Uint8Array())
    .finish();
}

function read(bytes: Uint8Array): Payload {
  const reader = Reader.create(bytes);
  const metadata: Record<string, Uint8Array> = {};
  let data: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    if (reader.uint32() === METADATA) {
      reader.uint32();
      reader.uint32();
      const name = reader.string();
      reader.uint32();
      metadata[name] = reader.bytes();
    } else {
      data = reader.bytes();
    }
  }
  return { metadata, data };
}
