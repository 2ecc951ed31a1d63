/** How a preparation ends that does not come to its end: broken off by its own limit or a stop, or never ready. */

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { runPreparations } from '../../src/activities/preparations.ts';
import { registerAdapter } from '../../src/adapters/index.ts';
import {
  type Adapter,
  defineAdapter,
  type HttpRequest,
  jsonEffect,
  type PreparationOutcome,
} from '../../src/adapters/port.ts';
import { memoryBlobs, performContext, SAMPLE_CONTEXT } from '../support/contexts.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { noAccounts } from '../support/no-accounts.ts';
import { queued } from '../support/settled.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const UPLOAD: HttpRequest = {
  protocol: 'http',
  method: 'POST',
  url: 'https://a.example/files',
  headers: {},
  body: { kind: 'none' },
};

/** It uploads one file before its post. */
const uploading = (prepare: NonNullable<Adapter['prepare']>) =>
  registerAdapter(
    defineAdapter({
      contract: {
        type: 'UPLOAD',
        title: 'Upload',
        performs: true,
        payload: z.strictObject({}),
        example: {},
      },
      version: 1,
      redelivery: () => ({ kind: 'neither' }),
      render: () => ({
        ...jsonEffect({ type: 'UPLOAD', adapterVersion: 1, summary: 'a post', url: 'https://a.example/', body: {} }),
        preparations: [{ name: 'file', summary: 'Upload a file', request: UPLOAD }],
      }),
      prepare,
      perform: async () => ({ kind: 'rejected', reason: 'it prepares only' }),
    }),
  );

/** Its upload stalls until it is broken off. */
const stalling = uploading(async (_step, _effect, { signal }) => {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  return { kind: 'not_sent', reason: 'the upload was broken off' };
});

const LIMIT = new DOMException('it took too long', 'TimeoutError');

/** Once more, broken off after a moment: by its limit, by a stop, or by a stop that its limit follows. */
async function prepare(actionId: string, brokenOffBy: readonly ('limit' | 'stop')[]) {
  const [limit, stopped] = [new AbortController(), new AbortController()];
  const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal);
  const effect = await stalling.render({}, SAMPLE_CONTEXT);
  const prepared = runPreparations(
    database.pool,
    stalling,
    effect,
    { id: actionId, type: 'UPLOAD', lane: 'default' },
    (results, its) => performContext({ results, signal: AbortSignal.any([stopped.signal, its]) }),
    noAccounts([], memoryBlobs()),
  );
  await until('its limit runs', () => timeout.mock.calls.length > 0);
  for (const by of brokenOffBy) by === 'limit' ? limit.abort(LIMIT) : stopped.abort();
  return prepared.finally(() => timeout.mockRestore());
}

const failures = async (id: string) =>
  (await database.pool.query('SELECT failures FROM aol_preparations WHERE action_id = $1', [id])).rows[0]?.failures;

test('its limit is a failure: it waits longer each time, and the third is the last', async () => {
  const id = await queued(database.pool, { mode: 'REAL' });
  const [first, second] = [await prepare(id, ['limit']), await prepare(id, ['limit'])];
  expect([first, second]).toMatchObject([
    { kind: 'later', reason: 'Upload a file: the upload was broken off' },
    { kind: 'later' },
  ]);
  if (first.kind !== 'later' || second.kind !== 'later') throw new Error('checked above');
  expect(first.delayMs).toBeGreaterThanOrEqual(500);
  expect(second.delayMs).toBeGreaterThanOrEqual(1_000);
  expect(await prepare(id, ['limit'])).toMatchObject({ kind: 'failed', dlqReason: 'exhausted' });
});

test('a stop is none, also where its limit comes just after: it is due at once', async () => {
  const id = await queued(database.pool, { mode: 'REAL' });
  expect(await prepare(id, ['stop'])).toMatchObject({ kind: 'later', delayMs: 0 });
  expect(await prepare(id, ['stop', 'limit'])).toMatchObject({ kind: 'later', delayMs: 0 });
  expect(await failures(id)).toBeUndefined();
});

test('what is never ready is asked for less and less often, and after half an hour no more, failures between or not', async () => {
  const id = await queued(database.pool, { mode: 'REAL' });
  let answer: PreparationOutcome = { kind: 'not_sent', reason: 'busy' };
  const processing = uploading(async () => answer);
  const ask = async () =>
    runPreparations(
      database.pool,
      processing,
      await processing.render({}, SAMPLE_CONTEXT),
      { id, type: 'UPLOAD', lane: 'default' },
      (results, signal) => performContext({ results, signal }),
      noAccounts([], memoryBlobs()),
    );
  const passed = (minutes: number) =>
    database.pool.query(
      "UPDATE aol_preparations SET updated_at = updated_at - $2 * interval '1 minute' WHERE action_id = $1",
      [id, minutes],
    );
  // What failed before it was uploaded does not count.
  await ask();
  await passed(40);
  answer = { kind: 'not_yet', result: { isUploaded: true }, askAgainAfterMs: 2_000 };
  expect(await ask()).toMatchObject({ kind: 'later', delayMs: 2_000 });
  await passed(5);
  const later = await ask();
  expect(later).toMatchObject({ kind: 'later', delayMs: expect.any(Number) });
  if (later.kind !== 'later') throw new Error('checked above');
  expect([later.delayMs > 29_000, later.delayMs < 45_000]).toEqual([true, true]);
  await passed(20);
  expect(await ask()).toMatchObject({ kind: 'later', delayMs: 60_000 });
  answer = { kind: 'not_sent', reason: 'busy' };
  await ask();
  await passed(5);
  answer = { kind: 'not_yet', result: { isUploaded: true }, askAgainAfterMs: 2_000 };
  expect(await ask()).toEqual({
    kind: 'failed',
    reason: 'Upload a file: not ready after 30 minutes',
    dlqReason: 'exhausted',
  });
});
