/** What is asked of PostgreSQL in one event leaves in one packet. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { OnePacketSocket } from '../../src/db/one-packet-socket.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

type Sent = (error?: Error | null) => void;

/** Counts how often it gave something to the operating system. */
class CountingSocket extends OnePacketSocket {
  packets = 0;

  override _write(chunk: unknown, encoding: BufferEncoding, sent: Sent): void {
    this.packets += 1;
    super._write(chunk, encoding, sent);
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], sent: Sent): void {
    this.packets += 1;
    super._writev?.(chunks, sent);
  }
}

let database: TestDatabase;
const socket = new CountingSocket();
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url, pipeline: true, stream: () => socket });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

/** What was answered, and in how many packets it was asked for. */
async function asked<Answer>(work: () => Promise<Answer>): Promise<{ answer: Answer; packets: number }> {
  const before = socket.packets;
  const answer = await work();
  return { answer, packets: socket.packets - before };
}

const number = async (text: string, values?: unknown[]) => (await client.query<{ n: number }>(text, values)).rows[0]?.n;

test('statements of one event leave together, whichever kind comes first, and are answered in their order', async () => {
  const mixed = () =>
    Promise.all([
      client.query('BEGIN').then(() => 0),
      number('SELECT $1::int AS n', [1]),
      number('SELECT 2 AS n'),
      number('SELECT $1::int AS n', [3]),
      client.query('COMMIT').then(() => 4),
    ]);
  expect(await asked(mixed)).toEqual({ answer: [0, 1, 2, 3, 4], packets: 1 });
  const bound = () => Promise.all([number('SELECT $1::int AS n', [1]), number('SELECT 2 AS n')]);
  expect(await asked(bound)).toEqual({ answer: [1, 2], packets: 1 });
});

test('a statement that comes later does not wait, and one that fails holds up nobody', async () => {
  const oneByOne = async () => [await number('SELECT 1 AS n'), await number('SELECT $1::int AS n', [2])];
  expect(await asked(oneByOne)).toEqual({ answer: [1, 2], packets: 2 });
  const failing = async () => {
    const [failed, next] = await Promise.allSettled([client.query('SELECT 1 / 0'), number('SELECT 2 AS n')]);
    return [failed.status, next.status];
  };
  expect(await asked(failing)).toEqual({ answer: ['rejected', 'fulfilled'], packets: 1 });
});
