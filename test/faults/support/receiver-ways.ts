/** How the receiver answers: well, or in the bad ways of RELIABILITY F-11 to F-15. */

import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface Way {
  /** Whether the receiver has acted before it answers so. */
  readonly acts: boolean;
  answer(response: ServerResponse, query: URLSearchParams): Promise<void> | void;
}

const MIB = 1024 * 1024;

const acted = (answer: Way['answer']): Way => ({ acts: true, answer });
const refused = (answer: Way['answer']): Way => ({ acts: false, answer });

export const ways: Readonly<Record<string, Way>> = {
  /** `?ms=` before the answer. */
  ok: acted(async (response, query) => {
    await delay(Number(query.get('ms') ?? 0));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  }),
  /** Answers when the harness says so. */
  hold: acted(async () => undefined),
  hang: acted(() => undefined),
  /** A byte of the body each 100 ms, for ever. */
  drip: acted(async (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    while (!response.destroyed) {
      response.write('.');
      await delay(100);
    }
  }),
  /** A byte of a header each 100 ms, for ever. */
  headers: acted(async ({ socket }) => {
    socket?.write('HTTP/1.1 200 OK\r\nx-endless: ');
    while (socket && !socket.destroyed) {
      socket.write('x');
      await delay(100);
    }
  }),
  /** 1 GiB, as fast as it is taken. */
  huge: acted((response) => pour(response, Buffer.alloc(MIB, 'x'), 1024)),
  /** 1 MiB that would unfold to 1 GiB. */
  bomb: acted(async (response) => {
    const bytes = await promisify(gzip)(Buffer.alloc(1024 * MIB));
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' }).end(bytes);
  }),
  /** Takes the request and resets the connection. */
  reset: acted(({ socket }) => void socket?.resetAndDestroy()),
  /** Half of a body, then the end. */
  cut: acted((response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('half', () => response.socket?.destroy());
  }),
  /** All headers that it got, in the body of the answer `?code=`. */
  echo: acted(echo),
  scold: refused(echo),
  /** `?code=`, and `?after=` as Retry-After. */
  failed: acted((response, query) => void status(response, query)),
  refused: refused((response, query) => void status(response, query)),
};

function echo(response: ServerResponse, query: URLSearchParams): void {
  response.writeHead(Number(query.get('code') ?? 200)).end(JSON.stringify(response.req.headers));
}

function status(response: ServerResponse, query: URLSearchParams): void {
  const after = query.get('after');
  const location = query.get('location');
  response
    .writeHead(Number(query.get('code') ?? 500), {
      ...(after === null ? {} : { 'retry-after': after }),
      ...(location === null ? {} : { location }),
    })
    .end('{}');
}

async function pour(response: ServerResponse, chunk: Buffer, times: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain' });
  for (let left = times; left > 0 && !response.destroyed; left -= 1) {
    if (response.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      response.once('drain', resolve).once('close', resolve);
    });
  }
  response.end();
}
