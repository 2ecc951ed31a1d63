/** One conversation with a server that sends: from the connection to its end. No pool, nothing again. */

import { Readable } from 'node:stream';
import SMTPConnection, { type SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import { ATTEMPT_TIMEOUT_MS } from '../../domain/limits.ts';
import type { AttemptOutcome } from '../../domain/outcomes.ts';
import type { Exchange } from '../exchange/index.ts';
import { refusalOf } from './refusals.ts';
import type { MailServer } from './settings.ts';

const QUIT_LIMIT_MS = 1_000;
const PIECE_BYTES = 64 * 1024;

export interface SmtpSession {
  /** The lines of its answer to EHLO: what it can do. */
  readonly greeting: string;
  /** Hands a message over, once. Rejects with what the library says when it was not taken. */
  send(
    envelope: { readonly from: string; readonly to: readonly string[] },
    message: Uint8Array,
  ): Promise<SMTPConnectionSendInfo>;
  /** Whether the end of the message may have left: from then on only the server knows what became of it. */
  handedOver(): boolean;
  /** Says good-bye, and does not wait for the answer. */
  quit(): void;
  /** Ends it at once. */
  destroy(): void;
}

export type OpenedSession =
  | { readonly ok: true; readonly session: SmtpSession }
  | { readonly ok: false; readonly outcome: Exclude<AttemptOutcome, { readonly kind: 'done' | 'unknown' }> };

/** Connects and logs in. Never rejects: nothing was sent when it fails. */
export async function openSession(
  server: MailServer,
  options: {
    readonly exchange: Pick<Exchange, 'connect'>;
    readonly signal: AbortSignal;
  },
): Promise<OpenedSession> {
  const { exchange, signal } = options;
  const opened = await exchange.connect(server.url, signal);
  if (!opened.ok) return opened;
  const { socket } = opened;
  const connection = new SMTPConnection({
    connection: socket,
    host: server.hostname,
    port: server.port,
    secure: server.isSecure,
    secured: server.isSecure,
    requireTLS: !server.isSecure && !server.mayBePlain,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says. Where plain text would do, any certificate does.
    tls: { rejectUnauthorized: !server.mayBePlain },
    // The signal ends all of it earlier.
    connectionTimeout: ATTEMPT_TIMEOUT_MS,
    greetingTimeout: ATTEMPT_TIMEOUT_MS,
    socketTimeout: ATTEMPT_TIMEOUT_MS,
    socketCloseTimeout: QUIT_LIMIT_MS,
    logger: false,
  });
  const destroy = () => {
    connection.close();
    socket.destroy();
  };
  const within = stepsOf(connection, signal);
  try {
    await within<void>((done) => connection.connect((error) => done(error ?? null)));
    const greeting = connection.lastServerResponse || '';
    if (server.user !== undefined) {
      const auth = { user: server.user, pass: server.password ?? '' };
      await within<boolean>((done) => connection.login(auth, done));
    }
    return { ok: true, session: sessionOver(connection, within, greeting, destroy) };
  } catch (error) {
    destroy();
    return { ok: false, outcome: refusalOf(error, server) };
  }
}

type Done<Result> = (error: Error | null, result?: Result) => void;
type Steps = <Result>(start: (done: Done<Result>) => void) => Promise<Result | undefined>;

/** Each step ends by its own answer, by an error of the connection, by its end, or by the signal. */
function stepsOf(connection: SMTPConnection, signal: AbortSignal): Steps {
  // An error between two steps has a listener too.
  connection.on('error', () => undefined);
  return async (start) => {
    const { promise, resolve, reject } = Promise.withResolvers<Parameters<Parameters<typeof start>[0]>[1]>();
    const onEnd = () => reject(new Error('the connection was closed'));
    const onAbort = () => reject(new Error('it took too long, or was stopped'));
    connection.once('error', reject).once('end', onEnd);
    signal.addEventListener('abort', onAbort);
    try {
      signal.throwIfAborted();
      start((error, result) => (error ? reject(error) : resolve(result)));
      return await promise;
    } finally {
      connection.off('error', reject).off('end', onEnd);
      signal.removeEventListener('abort', onAbort);
    }
  };
}

function sessionOver(connection: SMTPConnection, within: Steps, greeting: string, destroy: () => void): SmtpSession {
  let handedOver = false;
  return {
    greeting,
    handedOver: () => handedOver,
    async send({ from, to }, message) {
      const pieces = inPieces(message, () => {
        handedOver = true;
      });
      const use8BitMime = message.some((byte) => byte > 127);
      const envelope = { from, to: [...to], size: message.byteLength, use8BitMime };
      const info = await within<SMTPConnectionSendInfo>((done) =>
        connection.send(envelope, pieces, (error, sent) => done(error, sent ?? undefined)),
      );
      if (!info) throw new Error('the library gave no answer');
      return info;
    },
    quit() {
      connection.quit();
      connection.close();
    },
    destroy,
  };
}

/**
 * A message is read when the server has said that it listens, piece by piece. Before its last piece is taken the final dot cannot
 * have been written.
 */
function inPieces(message: Uint8Array, onLast: () => void): Readable {
  let taken = 0;
  return new Readable({
    read() {
      const piece = message.subarray(taken, taken + PIECE_BYTES);
      taken += piece.length;
      if (taken >= message.length) onLast();
      this.push(Buffer.from(piece));
      if (taken >= message.length) this.push(null);
    },
  });
}
