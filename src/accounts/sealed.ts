/** Credentials at rest: AES-256-GCM, bound to their account, so that a row cannot be read as another one's. */

import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Credential } from '../adapters/provider.ts';
import { canonicalJson } from '../domain/hashing.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const credentialSchema = z.record(z.string(), z.string());

export interface Sealer {
  seal(account: string, credential: Credential): Uint8Array;
  /** Undefined when no key opens it. */
  open(account: string, sealed: Uint8Array): Credential | undefined;
  /** What an entry's secrets are, in a form that tells nothing of them. */
  mark(secrets: Credential): string;
  /** Whether a mark is of these secrets; undefined when it was made with a key that is not there. */
  isOf(mark: string, secrets: Credential): boolean | undefined;
}

/** @param keys the first seals, all open; undefined where there is none */
export function createSealer(keys: readonly Uint8Array[]): Sealer | undefined {
  const [current] = keys;
  if (!current) return undefined;
  return {
    seal(account, credential) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, current, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(account));
      const text = cipher.update(JSON.stringify(credential), 'utf8');
      return Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]);
    },
    open(account, sealed) {
      for (const key of keys) {
        try {
          const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
          decipher.setAAD(Buffer.from(account));
          decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
          const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
          return credentialSchema.parse(JSON.parse(Buffer.concat([text, decipher.final()]).toString('utf8')));
        } catch {
          // Sealed with another key, or altered: the next one may open it, and else nobody does.
        }
      }
      return undefined;
    },
    mark: (secrets) => markWith(current, secrets),
    isOf(mark, secrets) {
      const key = keys.find((each) => mark.startsWith(`${keyId(each)}.`));
      return key && mark === markWith(key, secrets);
    },
  };
}

function markWith(key: Uint8Array, secrets: Credential): string {
  return `${keyId(key)}.${createHmac('sha256', key)
    .update(canonicalJson({ ...secrets }))
    .digest('base64')}`;
}

/** A part of its SHA-256, which tells nothing about it. */
function keyId(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}
