/** Claims once in a thread with little memory, and says how long it took and what came. */

import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { createPool } from '../../src/db/pool.ts';
import { claimWithActions } from '../../src/db/queue/claim.ts';
import { holder, proofWorker } from '../support/engine.ts';

const db = createPool({ databaseUrl: String(workerData), applicationName: 'aol-test', maxConnections: 1 });
const beganAt = performance.now();
const { actions = [] } = await claimWithActions(db, { holder: holder('r1'), tickId: randomUUID() }, proofWorker);
const tookMs = performance.now() - beganAt;
const bytes = actions.reduce((sum, { payload }) => sum + Buffer.byteLength(JSON.stringify(payload)), 0);
await db.end();
parentPort?.postMessage({ claimed: actions.length, bytes, tookMs });
