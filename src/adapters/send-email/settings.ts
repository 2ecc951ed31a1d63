/** What an account of mail says of itself, and the servers that it names. */

import { z } from 'zod';
import { emailAddressSchema } from '../../contracts/payloads/email-address.ts';
import { type Credential, secretReferenceSchema } from '../provider.ts';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'smtp:': 587, 'smtps:': 465, 'imap:': 143, 'imaps:': 993 };
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|(?:.+\.)?localhost)$/u;

type Kind = 'smtp' | 'imap';

/** Why a text is no address of a server, or undefined when it is. */
function addressProblem(text: string, kind: Kind): string | undefined {
  if (!new RegExp(`^${kind}s?://[!-~]+$`, 'u').test(text) || !URL.canParse(text)) {
    return `must be ${kind}s://user@host:port, or ${kind}://… with STARTTLS`;
  }
  const { hostname, pathname, search, hash } = new URL(text);
  const isBare = hostname !== '' && (pathname === '' || pathname === '/') && search === '' && hash === '';
  return isBare ? undefined : 'must end after its port';
}

/** An address without a password, or where one stands that may have it. */
function serverAddress(kind: Kind) {
  const plain = z.string().superRefine((text, context) => {
    const isSecret = URL.canParse(text) && new URL(text).password !== '';
    const rule = isSecret ? 'must not hold the password: {env: NAME} may' : addressProblem(text, kind);
    if (rule) context.addIssue({ code: 'custom', message: rule });
  });
  return z.union([plain, secretReferenceSchema]);
}

export const smtpSettingsSchema = z
  .strictObject({
    /** `smtps://user@host:465`, or `smtp://user@host:587`, which goes on in TLS by STARTTLS. */
    url: serverAddress('smtp'),
    /** Who sends: one address. */
    from: emailAddressSchema,
    /** What stands before the address. */
    fromName: z
      .string()
      .max(100)
      .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*\S[^\p{Cc}\p{Zl}\p{Zp}]*$/u, { message: 'must be one line' })
      .optional(),
    /** Absent: the one in the address, if it has one. */
    password: secretReferenceSchema.optional(),
    /** Lets a server in the own network do without TLS: password and mail can then be read on the way. */
    allowUnencrypted: z.boolean().optional(),
    /** The sender's mailbox, where a mail whose fate is unknown is looked for. */
    imapUrl: serverAddress('imap').optional(),
    /** Absent: the one in its address, or else that of the server that sends. */
    imapPassword: secretReferenceSchema.optional(),
    /** The server puts every mail that it sends into the mailbox: one that is not there was not sent. */
    filesSentMail: z.boolean().optional(),
    dkim: z
      .strictObject({
        domain: z
          .string()
          .max(100)
          .regex(/^(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}$/u, { message: 'must be a domain in lower case' }),
        selector: z.string().regex(/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/iu, { message: 'must be a label of DNS' }),
        /** An RSA key in PEM. */
        privateKey: secretReferenceSchema,
      })
      .optional(),
  })
  .refine(({ filesSentMail, imapUrl }) => !filesSentMail || imapUrl !== undefined, {
    message: 'must be there where filesSentMail says something of a mailbox',
    path: ['imapUrl'],
  });

export type SmtpSettings = z.output<typeof smtpSettingsSchema>;

/** A server of mail, and how to log in there. */
export interface MailServer {
  /** What to connect to: no user, no password, no path. */
  readonly url: URL;
  readonly hostname: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** TLS from the first byte. */
  readonly isSecure: boolean;
  /** It may do without TLS: nobody listens in between, or the account says so. */
  readonly mayBePlain: boolean;
}

/** @throws Error, without the address, when it is none */
export function sendingServer(settings: SmtpSettings, secrets: Credential): MailServer {
  return serverAt(addressOf(settings.url, secrets.url), 'smtp', settings, secrets.password);
}

/**
 * Undefined: the account has none.
 *
 * @throws Error, without the address, when it is none
 */
export function mailboxServer(settings: SmtpSettings, secrets: Credential): MailServer | undefined {
  if (settings.imapUrl === undefined) return undefined;
  const address = addressOf(settings.imapUrl, secrets.imapUrl);
  const server = serverAt(address, 'imap', settings, secrets.imapPassword);
  return { ...server, password: server.password ?? sendingServer(settings, secrets).password };
}

function addressOf(given: SmtpSettings['url'], secret: string | undefined): string {
  return typeof given === 'string' ? given : (secret ?? '');
}

function serverAt(address: string, kind: Kind, settings: SmtpSettings, password: string | undefined): MailServer {
  const problem = addressProblem(address, kind);
  if (problem) throw new Error(`the address of the server ${problem}`);
  const given = new URL(address);
  const hostname = given.hostname.toLowerCase();
  const port = given.port === '' ? (DEFAULT_PORTS[given.protocol] ?? 0) : Number(given.port);
  return {
    url: new URL(`${given.protocol}//${hostname}:${port}`),
    hostname: hostname.replace(/^\[|\]$/gu, ''),
    port,
    user: decoded(given.username),
    password: password ?? decoded(given.password),
    isSecure: given.protocol.endsWith('s:'),
    mayBePlain: settings.allowUnencrypted === true || LOOPBACK.test(hostname),
  };
}

/** A part of an address as it was meant; one that is not encoded well stands for itself. */
function decoded(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
