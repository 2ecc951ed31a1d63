/** A proxy in front of a real server: the request gets there whole, and its answer may get lost on the way back. */

import { Agent, request } from 'node:http';
import { type Answer, type ProviderServer, type SeenRequest, serve } from './server.ts';

const HOP_BY_HOP = /^(connection|keep-alive|proxy-connection|transfer-encoding|te|trailer|upgrade)$/iu;

export interface ProxyOptions {
  /** The address that the server gives out as its own; in its answers it becomes the proxy's, so that no caller goes past it. */
  readonly announces?: string;
  /** Fields of requests, in lower case, that do not get to the server; more may be added later. */
  readonly withholds?: Set<string>;
}

/**
 * Passes each request on as it came, `Host` included, and its answer back. `store_then_…` misbehaviours let the server do the
 * thing first; the others never reach it.
 */
export async function startLosingProxy(
  target: string,
  { announces, withholds = new Set() }: ProxyOptions = {},
): Promise<ProviderServer> {
  // What is compressed could not be changed.
  if (announces !== undefined) withholds.add('accept-encoding');
  const agent = new Agent({ keepAlive: true });
  const server = await serve(async (seen) => {
    const answer = await pass(seen, new URL(target), agent, withholds);
    return announces === undefined ? answer : { ...answer, body: replaced(answer.body, announces, server.url) };
  });
  return {
    ...server,
    async close() {
      agent.destroy();
      await server.close();
    },
  };
}

function pass(seen: SeenRequest, target: URL, agent: Agent, withholds: ReadonlySet<string>): Promise<Answer> {
  const passes = (name: string) => !HOP_BY_HOP.test(name) && !withholds.has(name.toLowerCase());
  const headers = seen.headers.filter(([name]) => passes(name)).flat();
  return new Promise((resolve) => {
    const gone = (error: Error) =>
      resolve({ status: 502, body: `the proxy could not reach its target: ${error.message}` });
    const { hostname, port } = target;
    const outgoing = request({ hostname, port, method: seen.method, path: seen.path, headers, agent }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', gone);
      incoming.on('end', () => {
        const kept: Record<string, readonly string[]> = {};
        for (const [name, value] of Object.entries(incoming.headersDistinct)) {
          if (value !== undefined && !HOP_BY_HOP.test(name) && name !== 'content-length') kept[name] = value;
        }
        resolve({ status: incoming.statusCode ?? 502, headers: kept, body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', gone);
    outgoing.end(seen.body);
  });
}

function replaced(body: unknown, address: string, by: string): unknown {
  if (!Buffer.isBuffer(body) || !body.includes(address)) return body;
  return Buffer.from(body.toString('latin1').replaceAll(address, by), 'latin1');
}
