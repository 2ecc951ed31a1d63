/**
 * The receiver, a process of its own: `receiver-main.ts FILE`. Each request is a line in FILE before it is answered.
 * `/once/WAY` acts once per key, as a receiver that deduplicates; `/each/WAY` acts on every request. `?times=N` answers
 * the first N requests of a key in that way and the later ones well.
 */

import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import process from 'node:process';
import { type Arrival, type Closed, releaseSchema } from './receiver-protocol.ts';
import { ways } from './receiver-ways.ts';

const [, , file = ''] = process.argv;
const counts = new Map<string, number>();
const acted = new Set<string>();
const held = new Set<ServerResponse>();

process.once('disconnect', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
process.on('message', (message) => {
  if (!releaseSchema.safeParse(message).success) return;
  for (const response of held) response.writeHead(200).end('{}');
  held.clear();
});

const server = createServer((request, response) => void receive(request, response).catch(() => response.destroy()));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  tell({ type: 'ready' });
  tell({ type: 'listening', port: typeof address === 'object' && address !== null ? address.port : 0 });
});

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of request) hash.update(chunk);
  const url = new URL(request.url ?? '/', 'http://receiver');
  const [, mode = '', name = ''] = url.pathname.split('/');
  const key = String(request.headers['idempotency-key'] ?? '');
  const raw = (counts.get(key) ?? 0) + 1;
  counts.set(key, raw);
  const times = Number(url.searchParams.get('times') ?? Number.POSITIVE_INFINITY);
  const way = (raw <= times ? ways[name] : undefined) ?? ways.ok;
  const isEffect = way?.acts === true && (mode === 'each' || !acted.has(key));
  if (isEffect) acted.add(key);
  const arrival: Arrival = {
    type: 'arrived',
    at: now(),
    key,
    path: `${url.pathname}${url.search}`,
    bodyHash: hash.digest('hex'),
    raw,
    isEffect,
  };
  appendFileSync(file, `${JSON.stringify(arrival)}\n`);
  tell(arrival);
  response.once('close', () => {
    held.delete(response);
    tell({ type: 'closed', at: now(), key, raw, answered: response.writableFinished } satisfies Closed);
  });
  if (name === 'hold' && raw <= times) held.add(response);
  else await way?.answer(response, url.searchParams);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function tell(message: object): void {
  process.send?.(message);
}
