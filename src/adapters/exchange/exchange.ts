/** One request over a connected socket, and as much of its answer as anybody needs. */

import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { textMember } from './connect.ts';

export const MAX_RESPONSE_BYTES = 1024 * 1024;
export const MAX_BODY_START_BYTES = 2 * 1024;

export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined sends none. */
  readonly body: Uint8Array | undefined;
  /** Keeps the whole body of the answer, up to {@link MAX_RESPONSE_BYTES}. */
  readonly wholeBody?: boolean | undefined;
}

/** An answer's status decides, however its body ended. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly start: Uint8Array;
    readonly byteCount: number;
    /** Of the bytes that were read, as they came: a compressed body is never decoded. */
    readonly sha256: string;
    /** Why it is not the whole body. */
    readonly cut?: string;
  };
}

export type ExchangeResult =
  | Answer
  /** No answer. `written`: whether bytes of the request may have left. */
  | { readonly kind: 'broken'; readonly written: boolean; readonly reason: string };

/**
 * Sends once and waits for the answer until the signal fires. Follows no redirect, keeps nothing alive, destroys the
 * socket whatever happens. Never rejects.
 */
export function exchange(socket: Socket, wire: WireRequest, signal: AbortSignal): Promise<ExchangeResult> {
  const { promise, resolve } = Promise.withResolvers<ExchangeResult>();
  let written = false;
  let finishAnswer: ((cut: string) => ExchangeResult) | undefined;
  const finish = (result: ExchangeResult) => {
    signal.removeEventListener('abort', onAbort);
    resolve(result);
    socket.destroy();
  };
  const breakOff = (reason: string) => finish(finishAnswer?.(reason) ?? { kind: 'broken', written, reason });
  const onAbort = () => breakOff('it took too long, or was stopped');
  if (signal.aborted || socket.destroyed) {
    breakOff(signal.aborted ? 'it took too long, or was stopped' : 'the connection was closed at once');
    return promise;
  }
  signal.addEventListener('abort', onAbort);
  try {
    // Without an agent: this socket, `connection: close`, nothing pooled.
    const request = httpRequest({
      createConnection: () => socket,
      method: wire.method,
      path: `${wire.url.pathname}${wire.url.search}`,
      headers: { ...wire.headers, ...framing(wire) },
      setHost: false,
    });
    request.on('error', (error) => breakOff(textMember(error, 'code') ?? 'it failed'));
    request.on('close', () => {
      // Once there is an answer, the end of its body ends this.
      if (!finishAnswer) breakOff('the connection was closed without an answer');
    });
    request.on('upgrade', () => breakOff('the receiver switched to another protocol'));
    request.on('response', (response) => {
      finishAnswer = readBody(response, finish, wire.wholeBody === true);
    });
    request.end(wire.body);
    written = true;
  } catch (error) {
    breakOff(`the request cannot be formed: ${textMember(error, 'code')}`);
  }
  return promise;
}

function framing({ url, body }: WireRequest): Record<string, string> {
  if (body === undefined) return { host: url.host };
  return { host: url.host, 'content-length': String(body.byteLength) };
}

/** Reads to the end or the limit. The function returned ends it earlier. */
function readBody(
  response: IncomingMessage,
  finish: (answer: Answer) => void,
  wholeBody: boolean,
): (cut: string) => Answer {
  const status = response.statusCode ?? 0;
  const isSuccess = status >= 200 && status < 300;
  // Of a failure only the beginning is of use.
  const limit = isSuccess || wholeBody ? MAX_RESPONSE_BYTES : MAX_BODY_START_BYTES;
  const kept = wholeBody ? MAX_RESPONSE_BYTES : MAX_BODY_START_BYTES;
  const hash = createHash('sha256');
  const start: Buffer[] = [];
  let startBytes = 0;
  let byteCount = 0;
  let answer: Answer | undefined;
  const end = (cut?: string): Answer => {
    const body = { start: Buffer.concat(start), byteCount, ...(cut !== undefined && { cut }) };
    answer ??= { kind: 'answer', status, headers: response.headers, body: { ...body, sha256: hash.digest('hex') } };
    return answer;
  };
  response.on('data', (bytes: Buffer) => {
    if (answer) return;
    const taken = bytes.subarray(0, limit - byteCount);
    hash.update(taken);
    byteCount += taken.length;
    if (startBytes < kept) {
      // A copy: a slice would keep the whole chunk alive.
      const piece = Buffer.from(taken.subarray(0, kept - startBytes));
      start.push(piece);
      startBytes += piece.length;
    }
    if (taken.length < bytes.length) finish(end(`only the first ${limit} bytes were read`));
  });
  response.on('error', () => undefined);
  response.on('close', () => finish(end(response.complete ? undefined : 'the connection was closed within the body')));
  return end;
}
