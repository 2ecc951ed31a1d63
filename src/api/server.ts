/** Listens, says that it does, and closes within a few seconds. */

import type { FastifyInstance } from 'fastify';
import { query } from '../db/pool.ts';
import { httpAddress } from '../domain/addresses.ts';
import { ConfigurationError, errorCode, errorText } from '../domain/errors.ts';
import { allowedHostNames, isLoopback } from './access/security.ts';
import { type ApiOptions, createApi } from './app.ts';

export interface ServerOptions extends Omit<ApiOptions, 'hostNames'> {
  readonly host: string;
  readonly port: number;
  /** Where people reach it, if that is known. */
  readonly publicUrl?: string;
}

export interface RunningApi {
  /** `http://127.0.0.1:8321` */
  readonly url: string;
  readonly app: FastifyInstance;
  /** Takes no new requests, ends those at work, and cuts off what does not end. */
  close(): Promise<void>;
}

/**
 * @throws ConfigurationError when the address cannot be bound to, or is not this machine's alone and no TLS is in front, or
 * PostgreSQL cannot be used as it is
 */
export async function startServer(options: ServerOptions): Promise<RunningApi> {
  if (!isLoopback(options.host) && options.behindTls !== true) {
    const cure = 'put a proxy that ends TLS in front of it and set AOL_API_TLS=proxied, or bind to 127.0.0.1';
    throw new ConfigurationError(
      'AOL_API_HOST',
      `${options.host} can be reached from other machines, and tokens would be sent unencrypted: ${cure}`,
    );
  }
  await openControl(options);
  const app = await createApi({ ...options, hostNames: allowedHostNames(options.host, options.publicUrl) });
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    throw bindError(error, options);
  }
  return {
    url: urlOf(app, options.host),
    app,
    close: () => app.close(),
  };
}

/** Opens all connections that are kept for stops. Where PostgreSQL is away, the API starts all the same and waits for it. */
async function openControl({ database, controlDatabase = database, logger }: ServerOptions): Promise<void> {
  const opened = Array.from({ length: Math.max(1, controlDatabase.options.min ?? 0) }, () =>
    query(controlDatabase, 'SELECT'),
  );
  await Promise.all(opened).catch((error: unknown) => {
    if (error instanceof ConfigurationError) throw error;
    logger?.warn({ error: errorText(error) }, 'PostgreSQL cannot be used yet');
  });
}

function urlOf(app: FastifyInstance, host: string): string {
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return httpAddress(host, port);
}

function bindError(error: unknown, { host, port }: ServerOptions): unknown {
  const options = { cause: error };
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new ConfigurationError(
        'AOL_API_PORT',
        `port ${port} is taken: stop what uses it, or choose another`,
        options,
      );
    case 'EACCES':
      return new ConfigurationError('AOL_API_PORT', `port ${port} may not be used by this user`, options);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigurationError('AOL_API_HOST', `${host} is not an address of this machine`, options);
    default:
      return error;
  }
}
