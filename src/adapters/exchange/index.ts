/** The one way out for adapters: it knows whether bytes were written, keeps nothing alive, follows nothing, repeats nothing. */

import { errorText, UnavailableError } from '../../domain/errors.ts';
import type { HttpRequest } from '../port.ts';
import { bodyBytes, type ReadBlob } from './body.ts';
import { type Connection, openConnection } from './connect.ts';
import { type Answer, exchange } from './exchange.ts';
import type { SsrfGuard } from './ssrf-guard.ts';

export type { Connection } from './connect.ts';
export { type Answer, MAX_BODY_START_BYTES, MAX_RESPONSE_BYTES } from './exchange.ts';

/** How a request went: answered; or not, and whether anything of it may have left. */
export type Exchanged =
  | Answer
  | { readonly kind: 'not_sent' | 'rejected'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface ExchangeOptions {
  readonly signal: AbortSignal;
  /** Keeps the whole body of an answer, up to 1 MiB; else the beginning only. */
  readonly wholeBody?: boolean;
  /** The engine's own: a last question before the first byte. */
  readonly beforeFirstByte?: BeforeFirstByte;
}

/** Asked when a connection is there and nothing was written yet; when it rejects, nothing is. */
export type BeforeFirstByte = () => Promise<void>;

export interface Exchange {
  /** Sends once, with every placeholder filled in, and waits until the signal fires. Never rejects. */
  send(request: HttpRequest, options: ExchangeOptions): Promise<Exchanged>;
  /** A connected socket for another protocol, under the same guard: `smtps://mail.example:465`. Never rejects. */
  connect(url: URL, signal: AbortSignal): Promise<Connection>;
}

/** The same way out, with a last question before the first byte of whatever goes out by it. */
export function askingBefore(exchange: Exchange, ask: BeforeFirstByte): Exchange {
  return {
    send: (request, options) => exchange.send(request, { ...options, beforeFirstByte: ask }),
    async connect(url, signal) {
      const connection = await exchange.connect(url, signal);
      if (!connection.ok) return connection;
      const refused = await refusalOf(ask, signal);
      if (refused === undefined) return connection;
      connection.socket.destroy();
      return { ok: false, outcome: { kind: 'not_sent', reason: refused } };
    },
  };
}

/** Why nothing may be written; undefined: it may. */
async function refusalOf(ask: BeforeFirstByte | undefined, signal: AbortSignal): Promise<string | undefined> {
  try {
    await ask?.();
    return signal.aborted ? 'stopped before anything was sent' : undefined;
  } catch (error) {
    return `nothing was sent: ${errorText(error, 200)}`;
  }
}

/** @param readBlob where the files of an effect are */
export function createExchange(guard: SsrfGuard, readBlob: ReadBlob): Exchange {
  return {
    connect: (url, signal) => openConnection(url, guard, signal),
    async send(request, { signal, wholeBody, beforeFirstByte }) {
      let wire: Parameters<typeof exchange>[1];
      try {
        const { method, url, headers } = request;
        wire = { method, url: new URL(url), headers, body: await bodyBytes(request.body, readBlob), wholeBody };
      } catch (error) {
        // Files that cannot be read now may be read later.
        if (error instanceof UnavailableError) return { kind: 'not_sent', reason: errorText(error) };
        return { kind: 'rejected', reason: 'the artifact does not describe a request' };
      }
      if (signal.aborted) return { kind: 'not_sent', reason: 'stopped before anything was sent' };
      const connection = await openConnection(wire.url, guard, signal);
      if (!connection.ok) return connection.outcome;
      const refused = await refusalOf(beforeFirstByte, signal);
      if (refused !== undefined) {
        connection.socket.destroy();
        return { kind: 'not_sent', reason: refused };
      }
      const result = await exchange(connection.socket, wire, signal);
      if (result.kind === 'answer') return result;
      const { host } = wire.url;
      if (result.written) return { kind: 'unknown', reason: `sent to ${host}, and no answer came: ${result.reason}` };
      return { kind: 'not_sent', reason: `nothing was sent to ${host}: ${result.reason}` };
    },
  };
}
