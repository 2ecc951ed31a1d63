/** Canonical bytes and their SHA-256: what an artifact and a request are identified by. */

import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { InvalidRequestError } from './errors.ts';

/** The JSON Canonicalization Scheme (RFC 8785): the same value has the same bytes everywhere. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new InvalidRequestError('the value has no JSON form');
  return text;
}

/** SHA-256 of UTF-8 text or bytes, in lower-case hexadecimal. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data);
}
