/** Live workers, as PostgreSQL sees them: by the names under which they are connected. */

import { WORKER_APPLICATION_NAME } from '../../contracts/names.ts';
import { prepared, type Queryable } from '../pool.ts';

export interface WorkerCount {
  readonly count: number;
  readonly proof: number;
  readonly real: number;
}

/** Counts worker processes by mode. A process holds several connections under one name: `aol-worker:<mode>:<random>`. */
export async function countWorkers(db: Queryable): Promise<WorkerCount> {
  const [row] = await prepared<{ proof: number; real: number }>(
    db,
    'aol_workers',
    `SELECT count(DISTINCT application_name) FILTER (WHERE split_part(application_name, ':', 2) = 'PROOF') AS proof,
       count(DISTINCT application_name) FILTER (WHERE split_part(application_name, ':', 2) = 'REAL') AS real
     FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE $1`,
    [`${WORKER_APPLICATION_NAME}:%`],
  );
  const { proof, real } = row ?? { proof: 0, real: 0 };
  return { count: proof + real, proof, real };
}
