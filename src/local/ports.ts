import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { callableHost } from '../domain/addresses.ts';
import { ConfigurationError, errorCode } from '../domain/errors.ts';

/** Systems give their outgoing connections ports above it (Linux from 32768 on). */
const lowestOutgoing = 32_768;
/** A server that is going away, or a short connection, is waited for. */
const defaultWaitMs = 3_000;
const connectLimitMs = 1_000;

/**
 * Makes sure that a port can be listened on, waiting a little for what is just going away.
 *
 * @param variable the variable that chooses this port, for the message
 * @throws ConfigurationError naming it
 */
export async function assertPortFree(
  variable: string,
  port: number,
  host = '127.0.0.1',
  waitMs = defaultWaitMs,
): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const problem = await tryListen(port, host);
    if (problem === undefined) {
      return;
    }
    if (problem !== 'EADDRINUSE' || Date.now() >= deadline) {
      throw new ConfigurationError(variable, `${variable}: ${await reason(port, host, problem)}`);
    }
    await sleep(100);
  }
}

/** A port that is free now, below those that outgoing connections get: none of them takes it before it is listened on. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, lowestOutgoing);
    if ((await tryListen(port, host)) === undefined) {
      return port;
    }
  }
}

async function reason(port: number, host: string, problem: string): Promise<string> {
  if (problem !== 'EADDRINUSE') {
    return `port ${port} on ${host} cannot be used (${problem}). Set another one.`;
  }
  if (await isListenedOn(port, host)) {
    return `port ${port} on ${host} is taken by another program. Stop that one, or set another port.`;
  }
  return (
    `port ${port} on ${host} is in use by a connection of this machine, though nobody listens there. ` +
    `Try again, or set a port below ${lowestOutgoing}, where no outgoing connection begins.`
  );
}

async function isListenedOn(port: number, host: string): Promise<boolean> {
  const socket = connect({ port, host: callableHost(host) });
  socket.setTimeout(connectLimitMs);
  return await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('timeout', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}

async function tryListen(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', (error) => resolve(errorCode(error) ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
