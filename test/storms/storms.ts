/** What may be going on while somebody presses kill. Each storm is over by itself; it says how it was answered. */

import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createdTokenSchema } from '../../src/contracts/http/token.ts';
import type { ApiProcess } from './api-process.ts';

export interface Storm {
  readonly name: string;
  readonly title: string;
  /** Brings what it needs into the database. */
  prepare?(api: ApiProcess): Promise<void>;
  /** Breaks out; how its calls were answered is known when all are. */
  start(api: ApiProcess): RunningStorm;
}

export interface RunningStorm {
  /** Status → how often. */
  readonly answered: Promise<Readonly<Record<string, number>>>;
  /** Cuts its connections. */
  stop(): void;
}

interface Connection {
  readonly socket: Socket;
  readonly answers: string[];
}

const STATUS_LINE = 'HTTP/1.1 200 ';

/** Sends bytes over connections of its own, and reads how each request is answered; or reads nothing at all. */
function storm(
  api: ApiProcess,
  sent: readonly Buffer[],
  { reads = true, expected }: { readonly reads?: boolean; readonly expected: number },
): RunningStorm {
  const done = Promise.withResolvers<void>();
  let open = sent.length;
  let count = 0;
  const connections = sent.map((bytes): Connection => {
    const socket = connect(api.port, '127.0.0.1');
    const answers: string[] = [];
    // A status line may come in two pieces; what is kept is too short to hold one.
    let kept = '';
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open -= 1;
      if (open === 0) done.resolve();
    });
    if (reads) {
      socket.on('data', (chunk: Buffer) => {
        const text = kept + chunk.toString('latin1');
        kept = text.slice(1 - STATUS_LINE.length);
        for (const [, status = ''] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
          answers.push(status);
          count += 1;
        }
        if (count >= expected) done.resolve();
      });
    } else socket.pause();
    socket.write(bytes);
    return { socket, answers };
  });
  return {
    answered: done.promise.then(() => {
      const all = connections.flatMap(({ answers }) => answers);
      const kinds = Object.entries(Object.groupBy(all, (status) => status));
      return Object.fromEntries(kinds.map(([status, those]) => [status, those?.length ?? 0]));
    }),
    stop() {
      for (const { socket } of connections) socket.destroy();
    },
  };
}

function request(method: string, url: string, headers: Readonly<Record<string, string>>, body = ''): string {
  const lines = Object.entries({ host: '127.0.0.1', 'content-length': String(body.length), ...headers });
  return `${method} ${url} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });

/** So many requests over each connection, all of them at once. */
const PER_CONNECTION = 40;

function pipelined(count: number, of: (n: number) => string): Buffer[] {
  return Array.from({ length: Math.ceil(count / PER_CONNECTION) }, (_, connection) =>
    Buffer.from(
      Array.from({ length: PER_CONNECTION }, (_, n) => of(connection * PER_CONNECTION + n)).join(''),
      'latin1',
    ),
  );
}

const WRONG = 6_000;

function wrongTokens(name: string, title: string, headers: (n: number) => Readonly<Record<string, string>>): Storm {
  const of = (n: number) =>
    request('POST', '/v1/control/kill', { 'content-type': 'application/json', ...headers(n) }, '{}');
  return { name, title, start: (api) => storm(api, pipelined(WRONG, of), { expected: WRONG }) };
}

const BATCHES = 20;
const BATCH_BYTES = 8 * 1024 * 1024;
const PRESSES = 12_000;
const STREAMS = 500;
/** One caller may have a fifth of them. */
const LISTENERS = 5;
const EVENTS = 20_000;
const SEARCHES = 10;
const LONG_PAYLOADS = 2_000;

const listeners = new WeakMap<ApiProcess, readonly string[]>();

async function listenerToken(api: ApiProcess, name: string): Promise<string> {
  const answer = await api.call({
    method: 'POST',
    url: '/v1/tokens',
    headers: bearer(api.tokens.admin),
    payload: JSON.stringify({ name, role: 'viewer' }),
  });
  return createdTokenSchema.parse(answer.json()).token;
}

/** How many are being served. */
async function streamsInside(api: ApiProcess): Promise<Readonly<Record<string, number>>> {
  const page = (await api.call({ url: '/metrics', headers: bearer(api.tokens.viewer) })).body;
  return { open: Number(/aol_http_requests_inside\{kind="streams"\} (\d+)/.exec(page)?.[1]) };
}

/** 8 MiB of the smallest values that there are. */
function batchOf(items: number): string {
  const [before, after] = ['{"type":"POST_SOCIAL","payload":{"platform":"bluesky","content":[1', ']}}'];
  const room = Math.floor(BATCH_BYTES / items) - before.length - after.length - 20;
  const item = before + ',1'.repeat(Math.floor(room / 2)) + after;
  return `{"actions":[${Array.from({ length: items }, () => item).join()}]}`;
}

export const storms: readonly Storm[] = [
  { name: 'calm', title: 'nothing else', start: () => ({ answered: Promise.resolve({}), stop: () => undefined }) },
  wrongTokens('no-token', `${WRONG} calls without a token`, () => ({})),
  wrongTokens('plain', `${WRONG} wrong tokens`, (n) => bearer(`wrong-${n}`.padEnd(40, 'x'))),
  wrongTokens('named', `${WRONG} wrong tokens of the table's shape`, (n) =>
    bearer(`aolt_00000000_${String(n).padStart(43, 'x')}`),
  ),
  wrongTokens('cookies', `${WRONG} wrong cookies`, (n) => ({ cookie: `aol_session=${String(n).padStart(43, 'x')}` })),
  {
    name: 'batches',
    title: `${BATCHES} batches of 8 MiB at once`,
    start(api) {
      const bodies = [1, 40].map((items) => batchOf(items));
      const sent = Array.from({ length: BATCHES }, (_, n) =>
        Buffer.from(request('POST', '/v1/actions/batch', bearer(api.tokens.operator), bodies[n % 2]), 'latin1'),
      );
      return storm(api, sent, { expected: BATCHES });
    },
  },
  {
    name: 'streams',
    title: `${STREAMS} streams of ${LISTENERS} callers that nobody reads, each ${EVENTS} events behind`,
    async prepare(api) {
      await api.database.query(
        `INSERT INTO aol_execution_logs (lane, event, actor, message)
         SELECT 'default', 'FLAG_CHANGED', 'storms', repeat('x', 200) FROM generate_series(1, $1)`,
        [EVENTS],
      );
      const made = Array.from({ length: LISTENERS }, (_, n) => listenerToken(api, `listener-${n}`));
      listeners.set(api, await Promise.all(made));
    },
    start(api) {
      const tokens = listeners.get(api) ?? [];
      const sent = Array.from({ length: STREAMS }, (_, n) =>
        Buffer.from(request('GET', '/v1/events?lastEventId=1', bearer(tokens[n % LISTENERS] ?? '')), 'latin1'),
      );
      return {
        ...storm(api, sent, { expected: STREAMS, reads: false }),
        answered: delay(5_000).then(() => streamsInside(api)),
      };
    },
  },
  {
    name: 'searches',
    title: `${SEARCHES} searches over ${LONG_PAYLOADS} long payloads`,
    async prepare({ database }) {
      await database.query(
        `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, created_by)
         SELECT id, 'default', 'POST_SOCIAL',
           jsonb_build_object('platform', 'bluesky', 'content', (SELECT string_agg(md5(id::text || n), ' ') FROM generate_series(1, 1800) AS n)),
           id::text, repeat('a', 64), 'storms'
         FROM (SELECT uuidv7() AS id FROM generate_series(1, $1)) AS new`,
        [LONG_PAYLOADS],
      );
    },
    start(api) {
      const sent = Array.from({ length: SEARCHES }, () =>
        Buffer.from(request('GET', '/v1/actions?q=zzz', bearer(api.tokens.viewer)), 'latin1'),
      );
      return storm(api, sent, { expected: SEARCHES });
    },
  },
  {
    name: 'reads',
    title: 'every other connection to PostgreSQL used up by a locked table',
    start(api) {
      const gone = api.database.connect().then(async (connection) => {
        await connection.query('BEGIN');
        await connection.query('SET LOCAL idle_in_transaction_session_timeout = 0');
        await connection.query('LOCK TABLE aol_actions IN ACCESS EXCLUSIVE MODE');
        await delay(4_000);
        await connection.query('ROLLBACK');
        connection.release();
      });
      const sent = pipelined(400, () => request('GET', '/v1/actions', bearer(api.tokens.viewer)));
      const running = storm(api, sent, { expected: 400 });
      return { ...running, answered: gone.then(() => running.answered) };
    },
  },
  {
    name: 'presses',
    title: `${PRESSES} calls of pause and resume`,
    start(api) {
      const verbs = ['pause', 'resume'];
      const of = (n: number) => request('POST', `/v1/control/${verbs[n % 2]}`, bearer(api.tokens.operator), '{}');
      return storm(api, pipelined(PRESSES, of), { expected: PRESSES });
    },
  },
  {
    name: 'enqueues',
    title: '6,000 enqueues at once',
    start(api) {
      const body = JSON.stringify({ type: 'POST_SOCIAL', payload: { platform: 'bluesky', content: 'Hello' } });
      const of = () => request('POST', '/v1/actions', bearer(api.tokens.operator), body);
      return storm(api, pipelined(6_000, of), { expected: 6_000 });
    },
  },
];

export const PAIRS: readonly (readonly [string, string])[] = [
  ['named', 'batches'],
  ['presses', 'searches'],
  ['streams', 'named'],
  ['reads', 'presses'],
];
