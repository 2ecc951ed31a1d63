/** The transactions of effects that are at work at the same time, made together: fewer round trips, and one commit for many. */

import pg from 'pg';
import { UnavailableError } from '../../domain/errors.ts';
import { gather } from '../batcher.ts';
import type { Database } from '../pool.ts';
import { type Beginning, beginEffects, type RecordedAttempt, recordAttempts } from './attempts.ts';
import { type EffectClaim, type GateAnswer, type GateRequest, passGates } from './gate.ts';

export interface EffectTransactions {
  /** The first run of an effect's activity begins. */
  begin(claim: EffectClaim): Promise<Beginning>;
  passGate(request: GateRequest): Promise<GateAnswer>;
  record(ended: RecordedAttempt): Promise<boolean>;
}

/** Few enough that the lane's lease row is held for milliseconds. */
const MOST_GATES = 16;
const MOST_READS = 50;

/** What each does is the same as alone; each rejects as it does alone. */
export function createEffectTransactions(db: Database): EffectTransactions {
  return {
    begin: gather((claims) => beginEffects(db, claims), { mostAtOnce: MOST_READS, isForAll }),
    passGate: gather((requests) => passGates(db, requests), { mostAtOnce: MOST_GATES, isForAll }),
    record: gather((ended) => recordAttempts(db, ended), { mostAtOnce: MOST_GATES, isForAll }),
  };
}

/** A database that is away is away for each; what it refuses may be one's fault. */
function isForAll(error: unknown): boolean {
  return error instanceof UnavailableError && !(error.cause instanceof pg.DatabaseError);
}
