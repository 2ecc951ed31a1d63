/** What an account of mail says of itself, and the servers that it names. */

import { z } from 'zod';
import { emailAddressSchema } from '../../contracts/payloads/email-address.ts';
import { percentDecoded, secretReferenceSchema } from '../provider.ts';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'smtp:': 587, 'smtps:': 465, 'imap:': 143, 'imaps:': 993 };
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|(?:.+\.)?localhost)$/u;

/** A server of mail, as an address names it. */
export interface MailServer {
  /** What to connect to: no user, no path. */
  readonly url: URL;
  readonly hostname: string;
  readonly port: number;
  readonly user: string | undefined;
  /** TLS from the first byte. */
  readonly isSecure: boolean;
  /** Nobody listens in between: it may do without TLS. */
  readonly isLoopback: boolean;
}

/** @param address one that `serverAddress` has let pass */
export function mailServer(address: string): MailServer {
  const given = new URL(address);
  const hostname = given.hostname.toLowerCase();
  const port = given.port === '' ? (DEFAULT_PORTS[given.protocol] ?? 0) : Number(given.port);
  return {
    url: new URL(`${given.protocol}//${hostname}:${port}`),
    hostname: hostname.replace(/^\[|\]$/gu, ''),
    port,
    user: given.username === '' ? undefined : percentDecoded(given.username),
    isSecure: given.protocol.endsWith('s:'),
    isLoopback: LOOPBACK.test(hostname),
  };
}

function serverAddress(kind: 'smtp' | 'imap', secretField: string) {
  return z.string().superRefine((text, context) => {
    const rule = addressProblem(text, kind, secretField);
    if (rule) context.addIssue({ code: 'custom', message: rule });
  });
}

function addressProblem(text: string, kind: 'smtp' | 'imap', secretField: string): string | undefined {
  if (!new RegExp(`^${kind}s?://[!-~]+$`, 'u').test(text) || !URL.canParse(text)) {
    return `must be ${kind}s://user@host:port, or ${kind}://… with STARTTLS`;
  }
  const { hostname, pathname, search, hash, password } = new URL(text);
  if (password !== '') return `must not hold the password: ${secretField} says where it stands`;
  const isBare = hostname !== '' && (pathname === '' || pathname === '/') && search === '' && hash === '';
  return isBare ? undefined : 'must end after its port';
}

export const smtpSettingsSchema = z
  .strictObject({
    /** `smtps://user@host:465`, or `smtp://user@host:587`, which goes on in TLS by STARTTLS. */
    url: serverAddress('smtp', 'password'),
    /** Who sends: one address. */
    from: emailAddressSchema,
    /** What stands before the address. */
    fromName: z
      .string()
      .max(100)
      .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*\S[^\p{Cc}\p{Zl}\p{Zp}]*$/u, { message: 'must be one line' })
      .optional(),
    password: secretReferenceSchema.optional(),
    /** Lets a server in the own network do without TLS: password and mail can then be read on the way. */
    allowUnencrypted: z.boolean().optional(),
    /** The sender's mailbox, where a mail whose fate is unknown is looked for. */
    imapUrl: serverAddress('imap', 'imapPassword').optional(),
    /** Absent: the password of the server that sends. */
    imapPassword: secretReferenceSchema.optional(),
    /** The server puts every mail that it sends into the mailbox: one that is not there was not sent. */
    filesSentMail: z.boolean().optional(),
    dkimDomain: z
      .string()
      .regex(/^(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}$/u, { message: 'must be a domain in lower case' })
      .optional(),
    dkimSelector: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/iu, { message: 'must be a label of DNS' })
      .optional(),
    /** An RSA key in PEM. */
    dkimPrivateKey: secretReferenceSchema.optional(),
  })
  .superRefine(({ dkimDomain, dkimSelector, dkimPrivateKey, filesSentMail, imapUrl }, context) => {
    const given = [dkimDomain, dkimSelector, dkimPrivateKey].filter((value) => value !== undefined).length;
    if (given === 1 || given === 2) {
      const message = 'dkimDomain, dkimSelector and dkimPrivateKey go together';
      context.addIssue({ code: 'custom', message, path: ['dkimDomain'] });
    }
    if (filesSentMail && imapUrl === undefined) {
      context.addIssue({
        code: 'custom',
        message: 'says something of a mailbox: imapUrl is missing',
        path: ['imapUrl'],
      });
    }
  });

export type SmtpSettings = z.output<typeof smtpSettingsSchema>;
