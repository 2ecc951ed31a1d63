/** How an effect leaves its tick without being performed; held, until its account can or a budget has room. */

import type { Database } from '../db/pool.ts';
import { type LeavingEarly, leaveTick } from '../db/queue/attempts.ts';
import type { EffectClaim } from '../db/queue/gate.ts';
import { holdMs } from '../domain/outcomes.ts';
import type { ActionStatus } from '../domain/states.ts';

interface LeavingPorts {
  readonly db: Database;
}

export type AttemptEnd =
  /** It left its tick. */
  | { readonly kind: 'ended'; readonly to: ActionStatus }
  /** It was no longer this tick's. */
  | { readonly kind: 'gone' }
  /** It stays in its tick: not before that time. */
  | { readonly kind: 'again'; readonly delayMs: number; readonly reason: string };

export function leaveOnHold(
  ports: LeavingPorts,
  claim: EffectClaim,
  heldBy: string | undefined,
  { reason, untilMs }: Hold,
): Promise<AttemptEnd> {
  return leaveHeld(ports, claim, heldBy, { reason: `its account is on hold: ${reason}`, untilMs });
}

interface Hold {
  readonly reason: string;
  /** Epoch milliseconds; absent: until somebody does something. */
  readonly untilMs?: number | null | undefined;
}

export function leaveHeld(
  ports: LeavingPorts,
  claim: EffectClaim,
  heldBy: string | undefined,
  { reason, untilMs }: Hold,
): Promise<AttemptEnd> {
  const delayMs = holdMs(untilMs ?? undefined, Date.now());
  return leaveAs(ports, claim, { to: 'PENDING', message: reason, delayMs, heldBy });
}

export async function leaveAs(ports: LeavingPorts, claim: EffectClaim, leaving: LeavingEarly): Promise<AttemptEnd> {
  await leaveTick(ports.db, claim, leaving);
  return { kind: 'ended', to: leaving.to };
}
