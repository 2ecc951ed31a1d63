/** The largest claim that flags and payloads allow, in the memory of a worker (src/cli/up/node-flags.ts). */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from '@jest/globals';
import { WORKER_FLAGS } from '../../src/cli/up/node-flags.ts';
import { MAX_PAYLOAD_BYTES } from '../../src/domain/limits.ts';
import { createTestDatabase } from '../support/database.ts';
import { setFlag } from '../support/engine.ts';

const MOST = 1_000;
/** The pool's statement timeout is 5 s. */
const LIMIT_MS = 4_000;

test('1,000 actions of 64 KiB are claimed at once, well within the time and the memory that there is', async () => {
  const database = await createTestDatabase();
  try {
    await setFlag(database.pool, 'max_actions_per_tick', MOST);
    await setFlag(database.pool, 'max_running', MOST);
    const content = randomBytes(MAX_PAYLOAD_BYTES)
      .toString('base64')
      .slice(0, MAX_PAYLOAD_BYTES - 100);
    await database.pool.query(
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, created_by)
       SELECT gen_random_uuid(), 'default', 'POST_SOCIAL', jsonb_build_object('platform', 'bluesky', 'content', $1::text, 'number', n),
         n::text, repeat('a', 64), 'PROOF', 'test' FROM generate_series(1, $2::integer) AS n`,
      [content, MOST],
    );
    const heap = Number(/--max-old-space-size=(\d+)/.exec(WORKER_FLAGS.join(' '))?.[1]);
    const worker = new Worker(new URL('./large-claim-thread.ts', import.meta.url), {
      workerData: database.url,
      resourceLimits: { maxOldGenerationSizeMb: heap / 2 },
    });
    const [said] = await once(worker, 'message');
    expect(said).toMatchObject({ claimed: MOST });
    expect(said.bytes).toBeGreaterThan(MOST * (MAX_PAYLOAD_BYTES - 100));
    expect(said.tookMs).toBeLessThan(LIMIT_MS);
  } finally {
    await database.drop();
  }
}, 60_000);
