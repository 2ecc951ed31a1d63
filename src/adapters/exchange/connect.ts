/** One connection to a checked address. Nothing is written here but the TLS handshake. */

import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { AttemptOutcome } from '../../domain/outcomes.ts';
import { isSameAddress, type Route, type SsrfGuard } from './ssrf-guard.ts';

/** How long one of several addresses may keep the others waiting. */
const ADDRESS_TIMEOUT_MS = 4_000;

const TLS_PROTOCOLS: ReadonlySet<string> = new Set(['https:', 'smtps:', 'imaps:']);

export type Connection =
  | { readonly ok: true; readonly socket: Socket }
  | { readonly ok: false; readonly outcome: Extract<AttemptOutcome, { kind: 'not_sent' | 'rejected' }> };

type GoodRoute = Extract<Route, { ok: true }>;

/**
 * Resolves, checks, connects and checks again. The name is resolved once: what is connected to is one of the addresses
 * that were checked, by number. Never rejects; whatever goes wrong here happened before the first byte of the request.
 */
export async function openConnection(url: URL, guard: SsrfGuard, signal: AbortSignal): Promise<Connection> {
  try {
    const route = await unlessAborted(guard.route(url), signal);
    if (!route.ok) return { ok: false, outcome: { kind: 'rejected', reason: route.reason } };
    const socket = await connectToAny(route, signal);
    return {
      ok: true,
      socket: TLS_PROTOCOLS.has(url.protocol) ? await secure(socket, route.hostname, url.protocol, signal) : socket,
    };
  } catch (error) {
    const reason = `no connection to ${url.host.slice(0, 300)}: ${failureText(error)}`;
    return { ok: false, outcome: { kind: 'not_sent', reason } };
  }
}

/** A look-up cannot be cancelled, but nobody has to wait for it. */
async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(new Error('stopped'));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Trying the next address is safe: over a connection that failed nothing was sent. */
async function connectToAny({ addresses, port }: GoodRoute, signal: AbortSignal): Promise<Socket> {
  let failure: unknown;
  for (const [index, address] of addresses.entries()) {
    const isLast = index === addresses.length - 1;
    try {
      return await connectTo(
        address,
        port,
        isLast ? signal : AbortSignal.any([signal, AbortSignal.timeout(ADDRESS_TIMEOUT_MS)]),
      );
    } catch (error) {
      if (signal.aborted) throw error;
      failure = error;
    }
  }
  throw failure;
}

async function connectTo(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connectTcp({ host: address, port, noDelay: true });
  await whenReady(socket, 'connect', signal);
  if (socket.remoteAddress !== undefined && isSameAddress(socket.remoteAddress, address)) return socket;
  socket.destroy();
  throw new Error('the connection leads to another address than the one that was checked');
}

async function secure(socket: Socket, hostname: string, protocol: string, signal: AbortSignal): Promise<Socket> {
  const secured = connectTls({
    socket,
    host: hostname,
    servername: isIP(hostname) === 0 ? hostname : '',
    ...(protocol === 'https:' && { ALPNProtocols: ['http/1.1'] }),
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: true,
  });
  try {
    await whenReady(secured, 'secureConnect', signal);
    return secured;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function whenReady(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  // Later errors too have a listener: without one they would end the process.
  socket.on('error', () => undefined);
  try {
    await once(socket, event, { signal });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function failureText(thrown: unknown): string {
  const code = textMember(thrown, 'code');
  if (code === 'ABORT_ERR' || textMember(thrown, 'name') === 'TimeoutError') return 'it took too long, or was stopped';
  return (code ?? textMember(thrown, 'message') ?? 'it failed').slice(0, 300);
}

/** `code`, `message` and the like of whatever was thrown. */
export function textMember(thrown: unknown, name: string): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const value: unknown = Reflect.get(thrown, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
