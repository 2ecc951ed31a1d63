/** The HTTP server under every fake and under the proxy: it keeps what came, byte for byte, and misbehaves when it is told to. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type How, isDue, type Misbehaviour, type Ordered, stores, writeEnd } from './misbehaviour.ts';

/** A request as it came over the wire. */
export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** As they were written and in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What has come of the body. */
  readonly body: Buffer;
  /** False when the caller left, or was cut off, before the end of the body. */
  readonly whole: boolean;
  readonly atMs: number;
  /** The status that the caller was given, or how it was let down; undefined while it waits. */
  readonly end: number | How | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Text and bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown;
}

export type Handle = (request: SeenRequest) => Answer | Promise<Answer>;

export interface ProviderServer {
  /** `http://127.0.0.1:port`, without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Everything that came, misbehaved at or not, in the order of arrival. */
  seen(): readonly SeenRequest[];
  /** Holds for the next requests that it fits. Of several the one that was told first goes first. */
  misbehave(misbehaviour: Misbehaviour): void;
  /** Forgets every misbehaviour that is still to come. */
  behave(): void;
  /** Until the function that it answers is called nobody can connect; whoever is connected is cut off. */
  refuseConnections(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

type Kept = { -readonly [Key in keyof SeenRequest]: SeenRequest[Key] } & { readonly chunks: Buffer[] };

/** Starts it on a free port of loopback. `handle` is what a well-behaved server does with a request, effects included. */
export async function serve(handle: Handle): Promise<ProviderServer> {
  const seen: Kept[] = [];
  const orders: Ordered[] = [];
  const sockets = new Set<Socket>();
  const closing = new AbortController();

  const take = async (incoming: IncomingMessage, response: ServerResponse) => {
    const kept = keep(incoming);
    seen.push(kept);
    const due = orders.find((order) => isDue(order, kept.method, kept.path));
    if (due?.how === 'drop_at_headers') {
      kept.end = due.how;
      incoming.socket.resetAndDestroy();
      return;
    }
    for await (const chunk of incoming) kept.chunks.push(chunk);
    kept.body = Buffer.concat(kept.chunks);
    kept.whole = true;
    if (due === undefined) {
      finish(kept, response, 'answer', await handle(kept));
      return;
    }
    const { delayMs = 0, storesAfterMs } = due;
    const answer = stores(due.how) ? await handle(kept) : { status: 500 };
    if (storesAfterMs !== undefined) {
      void delay(storesAfterMs, undefined, { signal: closing.signal }).then(() => handle(kept), ignore);
    }
    await delay(delayMs, undefined, { signal: closing.signal });
    kept.end = due.how;
    finish(kept, response, due.how, due.answer ?? answer);
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
    response.on('error', ignore);
    void take(incoming, response).catch((error: Error) => {
      // A caller that left is what some tests are about; anything else is a bug of the fake and is said as such.
      if (!response.headersSent) response.writeHead(599).end(`the fake failed: ${error.stack}`);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', ignore);
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  const listen = (port: number) =>
    new Promise<AddressInfo>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        const bound = server.address();
        if (bound === null || typeof bound === 'string') reject(new Error('the system gave no port'));
        else resolve(bound);
      });
    });
  const { port } = await listen(0);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen: () => seen.map(({ chunks, ...one }) => (one.whole ? one : { ...one, body: Buffer.concat(chunks) })),
    misbehave: (misbehaviour) => void orders.push({ ...misbehaviour, left: misbehaviour.times ?? 1, passed: 0 }),
    behave: () => void orders.splice(0),
    async refuseConnections() {
      await stop();
      return async () => void (await listen(port));
    },
    async close() {
      closing.abort();
      await stop();
    },
  };
}

function keep(incoming: IncomingMessage): Kept {
  const raw = incoming.rawHeaders;
  const headers = raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : []));
  const { method = '', url: path = '' } = incoming;
  return { method, path, headers, body: Buffer.alloc(0), chunks: [], whole: false, atMs: Date.now(), end: undefined };
}

function finish(kept: Kept, response: ServerResponse, how: How, answer: Answer): void {
  kept.end ??= answer.status;
  writeEnd(response, how, answer);
}

/** A field of a request, without regard to case; of several the first. */
export function headerOf(request: SeenRequest, name: string): string | undefined {
  return request.headers.find(([found]) => found.toLowerCase() === name.toLowerCase())?.[1];
}

function ignore(): void {}
