/** Reading the sender's mailbox by IMAP. */

import { connect as connectTls } from 'node:tls';
import { ImapFlow } from 'imapflow';
import { ATTEMPT_TIMEOUT_MS } from '../../domain/limits.ts';
import type { Exchange } from '../exchange/index.ts';
import { KEY_HEADER } from './message.ts';
import type { MailServer } from './settings.ts';

export interface MailboxAccess {
  readonly server: MailServer;
  readonly exchange: Pick<Exchange, 'connect'>;
  readonly signal: AbortSignal;
}

export interface FoundMail {
  readonly mailbox: string;
  readonly by: 'Message-ID' | typeof KEY_HEADER;
  /** Its own: a provider may have put another in the place of ours. */
  readonly messageId: string | undefined;
}

export interface MailboxLook {
  readonly found: FoundMail | undefined;
  /** Whether a place was read where sent mail lies. */
  readonly sawSentMail: boolean;
}

/**
 * Looks for a mail by its Message-ID, then by the key: where sent mail lies, then in the inbox, which has it where the account got it too.
 *
 * @throws when it cannot be read to the end: then nothing is known
 */
export function findMail(
  access: MailboxAccess,
  wanted: { readonly messageId: string; readonly key: string },
): Promise<MailboxLook> {
  return withMailbox(access, async (client) => {
    const folders = await client.list();
    const sent = ['\\Sent', '\\All'].flatMap((use) => folders.filter(({ specialUse }) => specialUse === use));
    const paths = [...sent.map(({ path }) => path), 'INBOX'];
    for (const mailbox of new Set(paths)) {
      await client.mailboxOpen(mailbox, { readOnly: true });
      for (const [by, value] of [
        ['Message-ID', wanted.messageId],
        [KEY_HEADER, wanted.key],
      ] as const) {
        const hits = await client.search({ header: { [by]: value } }, { uid: true });
        if (!hits) throw new Error(`the search in ${mailbox} failed`);
        const [uid] = hits;
        if (uid === undefined) continue;
        const mail = await client.fetchOne(String(uid), { envelope: true }, { uid: true });
        const messageId = mail ? mail.envelope?.messageId : undefined;
        return { found: { mailbox, by, messageId }, sawSentMail: sent.length > 0 };
      }
    }
    return { found: undefined, sawSentMail: sent.length > 0 };
  });
}

/** Logs in, and answers where sent mail lies; undefined: no folder says so. */
export function sentFolder(access: MailboxAccess): Promise<string | undefined> {
  return withMailbox(access, async (client) => {
    const folders = await client.list();
    return folders.find(({ specialUse }) => specialUse === '\\Sent')?.path;
  });
}

/** The log-in itself was refused. */
export class MailboxLoginError extends Error {}

async function withMailbox<Result>(
  access: MailboxAccess,
  read: (client: ImapFlow) => Promise<Result>,
): Promise<Result> {
  const { server, signal, exchange } = access;
  const opened = await exchange.connect(server.url, signal);
  if (!opened.ok) throw new Error('reason' in opened.outcome ? opened.outcome.reason : 'no connection');
  const { socket } = opened;
  const client = new ImapFlow({
    host: server.hostname,
    port: server.port,
    secure: server.isSecure,
    ...(!server.mayBePlain && { doSTARTTLS: true }),
    auth: { user: server.user ?? '', pass: server.password ?? '' },
    disableAutoIdle: true,
    logger: false,
    connectionTimeout: ATTEMPT_TIMEOUT_MS,
    greetingTimeout: ATTEMPT_TIMEOUT_MS,
    socketTimeout: ATTEMPT_TIMEOUT_MS,
    maxResponseSize: 4 * 1024 * 1024,
    transport: {
      // The connection is there, and its address was checked.
      connect(_options, onConnect) {
        setImmediate(onConnect);
        return socket;
      },
      upgrade: (plain, { host, servername }, onSecure) =>
        connectTls(
          { socket: plain, host, servername: servername ?? '', rejectUnauthorized: !server.mayBePlain },
          onSecure,
        ),
    },
  });
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => {
    reject(new Error('it took too long, or was stopped'));
    client.close();
    socket.destroy();
  };
  // Without a listener an error between two commands would end the process.
  client.on('error', () => undefined);
  signal.addEventListener('abort', stop);
  const work = async () => {
    try {
      await client.connect();
    } catch (error) {
      const isRefused = typeof error === 'object' && error !== null && 'authenticationFailed' in error;
      throw isRefused ? new MailboxLoginError('the log-in was refused') : error;
    }
    return read(client);
  };
  try {
    signal.throwIfAborted();
    const working = work();
    working.catch(() => undefined);
    return await Promise.race([stopped, working]);
  } finally {
    signal.removeEventListener('abort', stop);
    client.close();
    socket.destroy();
  }
}
