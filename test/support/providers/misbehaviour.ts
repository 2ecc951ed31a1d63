/** The ways in which a provider lets its caller down, after it did the thing or before. */

import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './server.ts';

/** How the caller is let down once its request is there. */
export type End =
  /** Gets `answer`, or the true answer where the thing was done; late, with `delayMs`. */
  | 'answer'
  /** The connection is reset without a byte. */
  | 'drop'
  /** Never a byte; the connection stays. */
  | 'hang'
  /** 200 and a page of HTML. */
  | 'garbage'
  /** 200 and 64 MiB of JSON. */
  | 'huge'
  /** 200 and a byte each 50 ms, for ever. */
  | 'drip'
  /** The true answer's head and half of its body, then a reset. */
  | 'cut'
  /** This status with a body that says nothing. */
  | `status_${number}`;

/** With `store_then_` the provider has done the thing before; without, it does nothing. `drop_at_headers` doesn't read the body. */
export type How = End | `store_then_${End}` | 'drop_at_headers';

export interface Misbehaviour {
  /** `POST /2/tweets`; `{}` stands for one part of the path, `*` for any request, `POST *` for any with that method. */
  readonly at: string;
  readonly how: How;
  /** How often; once by default. */
  readonly times?: number;
  /** How many fitting requests pass before. */
  readonly after?: number;
  /** Before the end. */
  readonly delayMs?: number;
  /** For `answer`. The providers export their own refusals. */
  readonly answer?: Answer;
  /** The thing is done this long after the request came, whatever the caller was told by then. */
  readonly storesAfterMs?: number;
}

export interface Ordered extends Misbehaviour {
  left: number;
  passed: number;
}

/** Whether it is this one's turn; counts it. */
export function isDue(order: Ordered, method: string, path: string): boolean {
  if (order.left <= 0 || !fits(order.at, method, path)) return false;
  if (order.passed < (order.after ?? 0)) {
    order.passed += 1;
    return false;
  }
  order.left -= 1;
  return true;
}

export function stores(how: How): boolean {
  return how.startsWith('store_then_');
}

/** What stands for `{}` and `{name}` in the pattern, or undefined where the path is another. */
export function matchPath(pattern: string, path: string): readonly string[] | undefined {
  const parts = pattern.split('/');
  const found = (path.split('?')[0] ?? '').split('/');
  if (parts.length !== found.length) return undefined;
  const values: string[] = [];
  for (const [index, part] of parts.entries()) {
    const value = found[index] ?? '';
    if (part.startsWith('{')) values.push(decodeURIComponent(value));
    else if (part !== value) return undefined;
  }
  return values;
}

function fits(at: string, method: string, path: string): boolean {
  if (at === '*') return true;
  const [wantedMethod, pattern = ''] = at.split(' ');
  return wantedMethod === method && (pattern === '*' || matchPath(pattern, path) !== undefined);
}

const MIB = 1024 * 1024;
const PAGE = '<!doctype html><title>Bad gateway</title><p>The upstream server is having a rest.';

export function writeEnd(response: ServerResponse, how: How, answer: Answer): void {
  const end = how.replace(/^store_then_/u, '');
  const { socket } = response;
  if (end === 'hang') return;
  if (end === 'drop') socket?.resetAndDestroy();
  else if (end === 'answer') write(response, answer);
  else if (end === 'garbage') write(response, { status: 200, headers: { 'content-type': 'text/html' }, body: PAGE });
  else if (end === 'huge') void pour(response);
  else if (end === 'drip') void drip(response);
  else if (end === 'cut') cut(response, answer);
  else write(response, { status: Number(end.slice('status_'.length)), body: {} });
}

function write(response: ServerResponse, answer: Answer): void {
  const { headers, bytes } = encode(answer);
  response.writeHead(answer.status, { ...headers, 'content-length': String(bytes.length) }).end(bytes);
}

function cut(response: ServerResponse, answer: Answer): void {
  const { headers, bytes } = encode(answer);
  response.writeHead(answer.status, { ...headers, 'content-length': String(bytes.length + 1) });
  response.write(bytes.subarray(0, bytes.length / 2), () => response.socket?.resetAndDestroy());
}

function encode({ headers = {}, body }: Answer) {
  const copied: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) copied[name] = typeof value === 'string' ? value : [...value];
  if (body === undefined) return { headers: copied, bytes: Buffer.alloc(0) };
  if (Buffer.isBuffer(body)) return { headers: copied, bytes: body };
  if (typeof body === 'string') return { headers: copied, bytes: Buffer.from(body) };
  return { headers: { 'content-type': 'application/json', ...copied }, bytes: Buffer.from(JSON.stringify(body)) };
}

/** As fast as it is taken. */
async function pour(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"data":"');
  for (let left = 64; left > 0 && !response.destroyed; left -= 1) {
    if (response.write(Buffer.alloc(MIB, 'x'))) continue;
    await new Promise<void>((resolve) => void response.once('drain', resolve).once('close', resolve));
  }
  response.end('"}');
}

async function drip(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  while (!response.destroyed) {
    response.write(' ');
    await delay(50);
  }
}
