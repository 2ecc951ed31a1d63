/** What would become of an action after it was queued, in words. */

import type { EnqueueRequest } from '../contracts/http/action.ts';
import { readTypeInLane } from '../db/decide/autonomy.ts';
import { readFlagRows } from '../db/decide/flags.ts';
import { countWorkers } from '../db/look/workers.ts';
import type { Database } from '../db/pool.ts';
import { UnprocessableError } from '../domain/errors.ts';
import { ALL_LANES, flagsInForce, type LaneFlags, laneMode } from '../domain/flags.ts';

/** @throws UnprocessableError when the lane does not exist */
export async function enqueueNotes(database: Database, asked: EnqueueRequest): Promise<string[]> {
  const { lane, type, mode, runAt } = asked;
  const [flagRows, workers, ofType] = await Promise.all([
    readFlagRows(database, lane),
    countWorkers(database),
    readTypeInLane(database, lane, type),
  ]);
  if (!ofType) {
    throw new UnprocessableError(`there is no lane ${lane}`, [{ field: 'lane', rule: 'must be a lane that exists' }]);
  }
  const flags = flagsInForce(lane, flagRows);
  const notes: string[] = [];
  if (flags.killed) notes.push(`lane ${lane} is killed: it would wait for start`);
  else if (flags.paused) notes.push(`lane ${lane} is paused: it would wait for resume`);
  if (workers.count === 0) notes.push('no worker is running');
  if (runAt !== undefined && Date.parse(runAt) > Date.now())
    notes.push(`it would be due at ${new Date(runAt).toISOString()}`);
  if (mode !== 'REAL') return notes;
  const inForce = laneMode(workers.real === 0, flags);
  if (inForce.mode === 'PROOF')
    notes.push(`lane ${lane} is PROOF, and a REAL action waits until it is REAL: ${inForce.why}`);
  const unlocked = [lane, ALL_LANES].flatMap((at) =>
    flagRows.filter((row) => row.lane === at && row.name === 'proof_only'),
  )[0];
  if (
    !flags.proof_only &&
    runAt !== undefined &&
    unlocked?.expiresAt &&
    Date.parse(runAt) >= unlocked.expiresAt.getTime()
  )
    notes.push(`REAL of lane ${lane} is locked again at ${unlocked.expiresAt.toISOString()}, before it is due`);
  if (ofType.level === 'draft') notes.push(`${type} is at the level draft in lane ${lane}: nothing is sent`);
  else if (needsPerson(asked, flags, ofType)) notes.push('a person must approve it before it is sent');
  return notes;
}

function needsPerson(
  { requireApproval }: EnqueueRequest,
  { approval_policy: policy }: LaneFlags,
  { level, wasSent }: { readonly level: string; readonly wasSent: boolean },
): boolean {
  return requireApproval || level === 'approve' || policy === 'all' || (policy === 'first_of_type' && !wasSent);
}
