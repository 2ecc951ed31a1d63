/** Kill beside the storms that once kept it out. How soon it is answered is for `npm run test:storms`, on a machine that does nothing else. */

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type ApiProcess, startApiProcess } from './api-process.ts';
import { play } from './play.ts';
import { storms } from './storms.ts';

let database: TestDatabase;
let api: ApiProcess;
beforeAll(async () => {
  database = await createTestDatabase();
  const mainFile = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
  // Nobody listens there: Temporal is away.
  api = await startApiProcess({ mainFile, databaseUrl: database.url, temporalAddress: '127.0.0.1:1' });
}, 60_000);
afterAll(async () => {
  await api.stop();
  await database.drop();
}, 60_000);

test.each([['named'], ['presses'], ['batches']])(
  'each kill beside the storm %s is done, and no press is told that PostgreSQL is away',
  async (name) => {
    const played = await play(
      api,
      storms.filter((storm) => storm.name === name),
    );
    expect(played.refused).toEqual([]);
    if (name === 'presses') expect(played.answered).toEqual([{ 200: 12_000 }]);
  },
  120_000,
);
