/** Gates and outcomes of effects that are at work at the same time, made together: fewer round trips, and one commit for many. */

import pg from 'pg';
import { UnavailableError } from '../../domain/errors.ts';
import { gather } from '../batcher.ts';
import type { Database } from '../pool.ts';
import { type RecordedAttempt, recordAttempts } from './attempts.ts';
import { type GateAnswer, type GateRequest, passGates } from './gate.ts';
import type { LeaveAnswer } from './leave.ts';

export interface BatchedAttempts {
  passGate(request: GateRequest): Promise<GateAnswer>;
  record(ended: RecordedAttempt): Promise<LeaveAnswer>;
}

/** Few enough that the lane's lease row is held for milliseconds. */
const MOST_AT_ONCE = 25;

/** What each does is the same as alone; each rejects as it does alone. */
export function createBatchedAttempts(db: Database): BatchedAttempts {
  return {
    passGate: gather((requests) => passGates(db, requests), { mostAtOnce: MOST_AT_ONCE, isForAll }),
    record: gather((ended) => recordAttempts(db, ended), { mostAtOnce: MOST_AT_ONCE, isForAll }),
  };
}

/** A database that is away is away for each; what it refuses may be one's fault. */
function isForAll(error: unknown): boolean {
  return error instanceof UnavailableError && !(error.cause instanceof pg.DatabaseError);
}
