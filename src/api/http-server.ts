/** The HTTP server under the application: its time limits, and how it lets connections go. */

import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';

/** A socket on which nothing moves is closed. Live streams beat more often than that. */
const CONNECTION_TIMEOUT_MS = 30_000;
/** Longer than proxies keep a connection that nobody uses (a minute is common): else they send a request into one that closes. */
const KEEP_ALIVE_MS = 75_000;
const CLOSE_IDLE_INTERVAL_MS = 50;
const CLOSE_GRACE_MS = 3_000;

/** Connections that have carried no request yet, such as browsers and clients open ahead of time. */
const unused = new WeakMap<Server, Set<Socket>>();

/** @param requestTimeoutMs how long a request may take to be there, headers and body */
export function httpServer(serve: RequestListener, requestTimeoutMs: number): Server {
  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: requestTimeoutMs / 10,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    serve,
  );
  const sockets = new Set<Socket>();
  unused.set(server, sockets);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', ({ socket }) => sockets.delete(socket));
  return server.setTimeout(CONNECTION_TIMEOUT_MS);
}

/**
 * Lets a closing server close soon: connections that no request is at work on go at once, the others after a few seconds. By itself a closing server closes those that are
 * idle at that moment; one that becomes idle later, or was never used, would be kept for as long as its client likes.
 */
export function letConnectionsGo(server: Server): void {
  const close = () => {
    server.closeIdleConnections();
    for (const socket of unused.get(server) ?? []) socket.destroy();
  };
  const closing = setInterval(close, CLOSE_IDLE_INTERVAL_MS).unref();
  const cutOff = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
  server.once('close', () => {
    clearInterval(closing);
    clearTimeout(cutOff);
  });
}
