/** graphile-worker. */

import { Logger, makeWorkerUtils, type Runner, run } from 'graphile-worker';
import pg from 'pg';
import type { System } from './system.ts';

const TASK = 'job';
/** What its documentation recommends above its width. */
const SPARE_CONNECTIONS = 2;

const logger = new Logger(() => () => undefined);

export const graphileWorker: System = {
  async createProducer({ databaseUrl }) {
    const pgPool = openPool({ connectionString: databaseUrl });
    const utils = await makeWorkerUtils({ pgPool, logger });
    await utils.migrate();
    return {
      async enqueue(job) {
        await utils.addJob(TASK, { job });
      },
      async enqueueMany(jobs) {
        await utils.addJobs(jobs.map((job) => ({ identifier: TASK, payload: { job } })));
      },
      async hasFinished() {
        const { rows } = await pgPool.query('SELECT FROM graphile_worker.jobs LIMIT 1');
        return rows.length === 0;
      },
      async close() {
        await utils.release();
        await pgPool.end();
      },
    };
  },

  async createWorker({ databaseUrl, width }, handler) {
    const pgPool = openPool({ connectionString: databaseUrl, max: width + SPARE_CONNECTIONS });
    let runner: Runner | undefined;
    return {
      async go() {
        const taskList = { [TASK]: (payload: unknown) => handler.run(jobOf(payload)) };
        runner = await run({ pgPool, concurrency: width, noHandleSignals: true, logger, taskList });
      },
      async close() {
        await runner?.stop();
        await pgPool.end();
      },
    };
  },
};

/** It wants its pool to have listeners. */
function openPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

function jobOf(payload: unknown): number {
  return Number(typeof payload === 'object' && payload !== null && 'job' in payload ? payload.job : -1);
}
