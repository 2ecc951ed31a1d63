/** Rows of the audit that belong to no action: who signed in, and who was refused what. */

import { ALL_LANES } from '../../domain/flags.ts';
import { appendLog } from '../look/logs.ts';
import type { Queryable } from '../pool.ts';

export interface Refusal {
  readonly status: number;
  readonly actor: string;
  readonly address: string;
  readonly method: string;
  /** The route's pattern, never the address that was asked for: what is in that is not ours to keep. */
  readonly route: string;
}

/** @param times how often since the last row of the same */
export function appendRefusal(db: Queryable, refusal: Refusal, times: number): Promise<void> {
  const { status, actor, address, method, route } = refusal;
  return appendLog(db, {
    lane: ALL_LANES,
    event: 'REFUSED',
    level: 'WARNING',
    actor,
    message: `${status} ${method} ${route} from ${address}${times > 1 ? `, ${times} times` : ''}`,
    detail: { status, method, route, address, times },
  });
}

export function appendSignIn(db: Queryable, actor: string, address: string): Promise<void> {
  return appendLog(db, {
    lane: ALL_LANES,
    event: 'SIGNED_IN',
    actor,
    message: `signed in from ${address}`,
    detail: { address },
  });
}
