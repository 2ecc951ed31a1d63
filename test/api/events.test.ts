import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { createdTokenSchema } from '../../src/contracts/http/token.ts';
import { prune } from '../../src/db/keep/prune.ts';
import { Horizon, waitForDisk } from '../../src/db/look/events.ts';
import { transaction } from '../../src/db/pool.ts';
import { as, createTestApi, POST, type TestApi, TOKENS } from '../support/api.ts';
import { finished, queued } from '../support/settled.ts';
import { until } from '../support/until.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

interface ServerEvent {
  readonly event: string;
  readonly id: number;
  readonly data: { readonly id?: number; readonly lane?: string; readonly event?: string; readonly message?: string };
}

/** How HTTP parts the text; what is in an event has no `\r`. */
const CHUNK_LENGTH = /(?:^|\r\n)[0-9a-f]+\r\n/g;

function enqueueRequest(): string {
  const body = JSON.stringify({ type: 'POST_SOCIAL', payload: POST });
  return `POST /v1/actions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKENS.operator}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** A client that remembers where it was. */
class Listener {
  readonly seen: ServerEvent[] = [];
  lastId: number | undefined;
  comments = 0;
  readonly #waiting: number;
  #socket: Socket | undefined;
  #text = '';

  /** @param waiting how many more streams wait behind the first of each connection, and behind them an enqueue */
  constructor(waiting = 0) {
    this.#waiting = waiting;
  }

  async open(query = ''): Promise<void> {
    const place = this.lastId === undefined ? '' : `last-event-id: ${this.lastId}\r\n`;
    const get = `GET /v1/events${query} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKENS.operator}\r\n${place}\r\n`;
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    this.#text = '';
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.write(get.repeat(1 + this.#waiting) + (this.#waiting > 0 ? enqueueRequest() : ''));
    const [head] = await once(socket.setEncoding('utf8'), 'data');
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    expect(head).toMatch(/^content-type: text\/event-stream/im);
    this.#take(String(head).replace(/^[\s\S]*?\r\n\r\n/, ''));
    socket.on('data', (text) => this.#take(String(text)));
  }

  drop(): void {
    this.#socket?.removeAllListeners('data');
    this.#socket?.destroy();
  }

  logs(): ServerEvent[] {
    return this.seen.filter(({ event }) => event === 'log');
  }

  #take(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      const lines = this.#text.slice(0, end).replaceAll(CHUNK_LENGTH, '').split('\n');
      this.#text = this.#text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      if (field('event') === undefined) {
        this.comments += 1;
        continue;
      }
      const id = Number(field('id'));
      this.seen.push({ event: field('event') ?? '', id, data: JSON.parse(field('data') ?? '{}') });
      this.lastId = id;
    }
  }
}

async function append(message: string, lane = 'default'): Promise<number> {
  const { rows } = await api.database.pool.query<{ id: number }>(
    `INSERT INTO aol_execution_logs (lane, event, actor, message) VALUES ($1, 'FLAG_CHANGED', 'test', $2) RETURNING id`,
    [lane, message],
  );
  return rows[0]?.id ?? 0;
}

async function logIds(): Promise<number[]> {
  const { rows } = await api.database.pool.query<{ id: number }>('SELECT id FROM aol_execution_logs ORDER BY id');
  return rows.map((row) => row.id);
}

describe('GET /v1/events', () => {
  test('begins with ready, then each row of its lane and of all lanes as in /v1/logs', async () => {
    const listener = new Listener();
    await listener.open('?lane=default');
    await until('ready', () => listener.seen.length > 0);
    expect(listener.seen[0]).toMatchObject({ event: 'ready' });
    await append('mine');
    await append('not mine', 'elsewhere');
    const last = await append('of all', '*');
    await until('three rows', () => listener.lastId === last);
    expect(listener.logs().map(({ data }) => data.message)).toEqual(['mine', 'of all']);
    const page = (await api.call({ url: '/v1/logs?limit=1', headers: as('viewer') })).json();
    expect(page).toMatchObject({ items: [listener.seen.at(-1)?.data] });
    listener.drop();
  });

  test('a row that is committed late is neither skipped nor overtaken', async () => {
    const listener = new Listener();
    await listener.open();
    await until('ready', () => listener.seen.length > 0);
    const { early, late } = await transaction(api.database.pool, async (connection) => {
      const { rows } = await connection.query<{ id: number }>(
        `INSERT INTO aol_execution_logs (lane, event, actor, message) VALUES ('default', 'CLAIMED', 'test', 'slow') RETURNING id`,
      );
      const ids = { early: rows[0]?.id ?? 0, late: await append('quick') };
      // Long enough that a reader which trusts ids alone would have seen the later row.
      const settled = await until('the reader has looked again', async () => {
        const { rows: looks } = await api.database.pool.query('SELECT pg_sleep(0.3)');
        return looks.length > 0;
      });
      expect(settled).toBe(true);
      expect(listener.logs()).toEqual([]);
      return ids;
    });
    await until('both rows', () => listener.logs().length === 2);
    expect(listener.logs().map(({ id }) => id)).toEqual([early, late]);
    listener.drop();
  });

  test('a row is shown when it is on the disk: a crash of the server takes back no id that was seen', async () => {
    const listener = new Listener();
    await listener.open();
    await until('ready', () => listener.seen.length > 0);
    const writer = await api.database.pool.connect();
    /** As a claim writes it, which does not wait for the disk; answers its id, and whether it is there after so much. */
    const writeAnd = async (wait: (id: number) => Promise<unknown>): Promise<boolean> => {
      const { rows } = await writer.query<{ id: number }>(
        `INSERT INTO aol_execution_logs (lane, event, actor, message) VALUES ('default', 'CLAIMED', 'test', 'quick') RETURNING id`,
      );
      const written = await writer.query<{ at: string }>('SELECT pg_current_wal_insert_lsn() AS at');
      await wait(rows[0]?.id ?? 0);
      const there = await writer.query<{ is: boolean }>('SELECT pg_current_wal_flush_lsn() >= $1::pg_lsn AS is', [
        written.rows[0]?.at,
      ]);
      return there.rows[0]?.is === true;
    };
    try {
      await writer.query('SET synchronous_commit = off');
      for (let round = 0; round < 10; round += 1) {
        expect(await writeAnd(() => waitForDisk(api.database.pool))).toBe(true);
        expect(await writeAnd((id) => until('it is shown', () => listener.lastId === id))).toBe(true);
      }
    } finally {
      writer.release(true);
      listener.drop();
    }
  });

  test.each([
    ['drops its connection', 0],
    ['drops a connection on which two more streams and an enqueue wait behind the first', 2],
  ])(
    'a client that %s 100 times sees every row exactly once',
    async (_how, waiting) => {
      const listener = new Listener(waiting);
      await listener.open();
      await until('ready', () => listener.seen.length > 0);
      const before = listener.lastId ?? 0;
      let writing = true;
      const writers = [1, 2, 3].map(async (writer) => {
        for (let n = 0; writing || n < 100; n += 1) {
          await transaction(api.database.pool, async (connection) => {
            await connection.query(
              `INSERT INTO aol_execution_logs (lane, event, actor, message) VALUES ('default', 'CLAIMED', 'test', $1)`,
              [`${writer}/${n}`],
            );
            if (n % 5 === 0) await connection.query('SELECT pg_sleep(0.02)');
            if (n % 7 === 0) throw new Error('rolled back');
          }).catch(() => undefined);
        }
      });
      for (let drops = 0; drops < 100; drops += 1) {
        const seen = listener.seen.length;
        await until('something new', () => listener.seen.length > seen);
        listener.drop();
        await listener.open();
      }
      writing = false;
      await Promise.all(writers);
      // The last connection's enqueue may write its row only now.
      const expected = await until('the last row', async () => {
        const ids = (await logIds()).filter((id) => id > before);
        return listener.lastId === ids.at(-1) && ids;
      });
      expect(listener.logs().map(({ id }) => id)).toEqual(expected);
      expect(listener.seen.filter(({ event }) => event === 'ready')).toHaveLength(101);
      listener.drop();
    },
    60_000,
  );

  test('a place that retention has passed, or that never was, answers reset', async () => {
    const listener = new Listener();
    const old = await append('old');
    await append('older than retention');
    await api.database.pool.query(`BEGIN; SET LOCAL aol.pruning = 'on';
      DELETE FROM aol_execution_logs WHERE message = 'older than retention'; COMMIT`);
    for (const place of [old, 10 ** 12]) {
      listener.lastId = place;
      await listener.open();
      const first = await until('an answer', () => listener.seen.at(-1));
      expect(first.event).toBe('reset');
      listener.drop();
    }
    const last = await append('after the pruned ones');
    listener.lastId = last;
    await listener.open();
    await until('ready', () => listener.seen.at(-1)?.event === 'ready');
    expect(listener.lastId).toBe(last);
    listener.drop();
  });

  test('pruning through retention marks the place', async () => {
    await finished(api.database.pool, { status: 'SUCCESS', daysAgo: 10 });
    const place = (await logIds()).at(0) ?? 0;
    const store = createArtifactStore(`file:${join(tmpdir(), randomUUID())}`);
    const { logs } = await prune(api.database.pool, store, { olderThanMs: 0 });
    expect(logs).toBeGreaterThan(0);
    const listener = new Listener();
    listener.lastId = place - 1;
    await listener.open();
    await until('an answer', () => listener.seen.at(-1)?.event === 'reset');
    listener.drop();
  });

  test('a wrong id is 400; no stream is left behind by an API that closes', async () => {
    for (const [url, headers] of [
      ['/v1/events?lastEventId=x', {}],
      ['/v1/events', { 'last-event-id': '-1' }],
    ] as const) {
      expect((await api.call({ url, headers: { ...as('viewer'), ...headers } })).statusCode).toBe(400);
    }
    const own = await createTestApi();
    let closing: Promise<void> | undefined;
    const ended = new Promise<void>((resolve, reject) => {
      httpRequest(`${own.url}/v1/events`, { headers: as('viewer') }, (incoming) => {
        incoming.on('end', resolve).resume();
        closing = own.close();
      })
        .on('error', reject)
        .end();
    });
    await ended;
    await closing;
  });

  test('a comment shows that it lives; who may no longer listen is cut off', async () => {
    const own = await createTestApi({ beatIntervalMs: 50 });
    const made = await own.call({
      method: 'POST',
      url: '/v1/tokens',
      headers: { ...as('admin'), 'content-type': 'application/json' },
      payload: JSON.stringify({ name: 'listener', role: 'viewer' }),
    });
    const { id, token } = createdTokenSchema.parse(made.json());
    let text = '';
    let isOver = false;
    httpRequest(`${own.url}/v1/events`, { headers: { authorization: `Bearer ${token}` } }, (incoming) => {
      incoming.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
      incoming.on('end', () => {
        isOver = true;
      });
    }).end();
    await until('two comments', () => text.split(': beat').length > 2);
    expect(isOver).toBe(false);
    await own.call({ method: 'DELETE', url: `/v1/tokens/${id}`, headers: as('admin') });
    await until('the end', () => isOver);
    await own.close();
  });

  test('the log of an action that is queued arrives', async () => {
    const listener = new Listener();
    await listener.open();
    await until('ready', () => listener.seen.length > 0);
    await queued(api.database.pool);
    const event = await until('the row', () => listener.logs().at(0));
    expect(event.data.event).toBe('ENQUEUED');
    listener.drop();
  });
});

describe('the horizon', () => {
  test('stays below what those who write have drawn, and passes it when they are gone', () => {
    const horizon = new Horizon();
    horizon.see({ lastId: 10, writers: ['1/1', '2/1'] });
    expect([horizon.id, horizon.isBehind]).toEqual([undefined, true]);
    horizon.see({ lastId: 20, writers: ['2/1', '3/1'] });
    expect(horizon.id).toBeUndefined();
    horizon.see({ lastId: 30, writers: ['3/1', '4/1'] });
    expect(horizon.id).toBe(10);
    horizon.see({ lastId: 40, writers: ['4/1'] });
    expect(horizon.id).toBe(10);
    horizon.see({ lastId: 50, writers: ['5/1'] });
    expect(horizon.id).toBe(30);
    horizon.see({ lastId: 60, writers: [] });
    expect([horizon.id, horizon.isBehind]).toEqual([60, false]);
  });
});
