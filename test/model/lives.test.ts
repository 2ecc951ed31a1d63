/** Whole lives of actions against a model of a page (`model.ts`), on the engine's own functions and a real PostgreSQL. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { dullness, playLives } from './lives.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('whatever happens to a lane, and in whatever order, its actions go the way of the contract', async () => {
  const seed = Date.now() % 1_000_000;
  const lives = await playLives({ databaseUrl: database.url, sequences: 2_000, seed });
  if (lives.failures.length > 0) throw new Error(`with seed ${seed}:\n${lives.failures.join('\n\n')}`);
  expect(dullness(lives)).toEqual([]);
  // 2,000 lives take what the machine has left for them; one that hangs ends by the limits of its statements.
}, 1_200_000);
