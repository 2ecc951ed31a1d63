/** The signature of the sender's domain over the approved bytes and their date (RFC 6376). */

import { buffer } from 'node:stream/consumers';
import DKIM from 'nodemailer/lib/dkim';
import { addedAtSending } from '../placeholder.ts';
import type { SmtpSettings } from './settings.ts';

export const SIGNATURE_FIELD = 'dkim-signature';
const MAX_NAME_LENGTH = 80;

/** Stands for the signature in the artifact, and says whose it will be; undefined: nobody signs. */
export function signaturePlaceholder({ dkim }: SmtpSettings): string | undefined {
  if (!dkim) return undefined;
  return addedAtSending(`DKIM signature of ${dkim.domain}, ${dkim.selector}`.slice(0, MAX_NAME_LENGTH));
}

export interface DkimKey {
  readonly domain: string;
  readonly selector: string;
  readonly privateKey: string;
}

/**
 * The message with its signature before it: the same each time, for the same key.
 *
 * @throws when the key cannot sign; nothing of the key is in the error
 */
export async function signed(message: Uint8Array, { domain, selector, privateKey }: DkimKey): Promise<Buffer> {
  const dkim = new DKIM({ domainName: domain, keySelector: selector, privateKey });
  const result = await buffer(dkim.sign(Buffer.from(message)));
  const field = result.subarray(0, result.length - message.length);
  const isWhole =
    field.toString('latin1').startsWith('DKIM-Signature:') && result.subarray(field.length).equals(message);
  // The library leaves a signature out when the key is none.
  if (!isWhole) throw new Error(`the DKIM key of ${domain} cannot sign: it must be an RSA key in PEM`);
  return result;
}
