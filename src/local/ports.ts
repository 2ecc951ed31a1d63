import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError, errorCode } from '../domain/errors.ts';

/**
 * Makes sure that a port can be listened on, waiting a little for a server that is just going away.
 *
 * @param variable the variable that chooses this port, for the message
 * @throws ConfigurationError naming it
 */
export async function assertPortFree(variable: string, port: number, host = '127.0.0.1', waitMs = 0): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const problem = await tryListen(port, host);
    if (problem === undefined) {
      return;
    }
    if (problem !== 'EADDRINUSE' || Date.now() >= deadline) {
      throw portError(variable, port, host, problem);
    }
    await sleep(100);
  }
}

/** The error for a port that cannot be listened on. */
export function portError(variable: string, port: number, host: string, problem: string): ConfigurationError {
  const why =
    problem === 'EADDRINUSE'
      ? `port ${port} on ${host} is taken by another program`
      : `port ${port} on ${host} cannot be used (${problem})`;
  return new ConfigurationError(variable, `${variable}: ${why}. Stop what uses it, or set ${variable} to another one.`);
}

/** A port that is free now. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') {
    throw new Error('the system gave no port');
  }
  return address.port;
}

async function tryListen(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', (error) => resolve(errorCode(error) ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
