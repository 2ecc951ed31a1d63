/** A way out that goes nowhere: it keeps what would have been sent, and answers as it is told. */

import { createHash } from 'node:crypto';
import { bodyBytes, type ReadBlob } from '../adapters/exchange/body.ts';
import type { Exchange, Exchanged } from '../adapters/exchange/index.ts';
import type { HttpRequest } from '../adapters/port.ts';

export type PlayedAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly kind: 'not_sent' | 'unknown' | 'rejected'; readonly reason: string }
  /** No answer until the signal aborts; bytes were written. */
  | { readonly kind: 'hang' };

export interface Played extends Exchange {
  /** In the order of sending, with the bytes that would have left. */
  readonly sent: readonly { readonly request: HttpRequest; readonly bytes: Uint8Array | undefined }[];
  /** Resolves when the first request is there. */
  readonly reached: Promise<void>;
}

/** @param answer says what becomes of each request, counted from 0 */
export function playedExchange(
  readBlob: ReadBlob,
  answer: (request: HttpRequest, index: number) => PlayedAnswer,
): Played {
  const sent: { request: HttpRequest; bytes: Uint8Array | undefined }[] = [];
  const reached = Promise.withResolvers<void>();
  return {
    sent,
    reached: reached.promise,
    async connect() {
      return { ok: false, outcome: { kind: 'not_sent', reason: 'no connection is played' } };
    },
    async send(request, { signal }): Promise<Exchanged> {
      const bytes = await bodyBytes(request.body, readBlob);
      if (signal.aborted) return { kind: 'not_sent', reason: 'stopped before anything was sent' };
      sent.push({ request, bytes });
      reached.resolve();
      const played = answer(request, sent.length - 1);
      if (played.kind === 'hang') return untilAborted(signal);
      if (played.kind !== 'answer') return played;
      const body = Buffer.from(played.body);
      const sha256 = createHash('sha256').update(body).digest('hex');
      return { ...played, body: { start: body, byteCount: body.length, sha256 } };
    },
  };
}

async function untilAborted(signal: AbortSignal): Promise<Exchanged> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
  return { kind: 'unknown', reason: 'it took too long, or was stopped' };
}
