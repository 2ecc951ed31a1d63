/** Where an action goes whose gate is shut. */

import type { LeavingEarly } from '../db/queue/attempts.ts';
import type { GateAnswer, ShutReason } from '../db/queue/gate.ts';
import { holdMs } from '../domain/outcomes.ts';
import type { PreparedEffect } from './prepare-effect.ts';

const SHUT_WORDS: Readonly<Record<ShutReason, string>> = {
  killed: 'released: the lane is killed',
  paused: 'released: the lane is paused',
  proof: 'released: the lane is not REAL any more',
  lease_lost: 'released: another run owns the lane',
  cancelled: 'released: cancel was asked for',
  exhausted: 'its attempts are used up',
  draft: 'its type is at the level draft here: proofs only',
  not_due: 'released: it needs no person any more, and waits for its time',
};

export function leavingOf(
  answer: Extract<GateAnswer, { kind: 'shut' | 'unapproved' | 'approval_needed' | 'receipt' }>,
  { artifact, uri }: Pick<PreparedEffect, 'artifact' | 'uri'>,
  approvalTtlMs: number,
): LeavingEarly {
  switch (answer.kind) {
    case 'unapproved':
      return { to: 'DLQ', reason: 'rejected', message: `approved was another artifact than ${artifact.sha256}` };
    case 'approval_needed':
      return {
        to: 'AWAITING_APPROVAL',
        message: 'a person has to approve this artifact',
        artifactSha256: artifact.sha256,
        artifactUri: uri,
        approvalTtlMs,
      };
    case 'receipt':
      return { to: 'SUCCESS', message: 'it was sent: its receipt had come late', receipt: answer.receipt };
    case 'shut':
      if (answer.reason === 'exhausted') return { to: 'DLQ', reason: 'exhausted', message: SHUT_WORDS.exhausted };
      return {
        to: 'PENDING',
        message: SHUT_WORDS[answer.reason],
        // Whoever sets another level lets it go on at once.
        ...(answer.reason === 'draft' && {
          delayMs: holdMs(undefined, Date.now()),
          heldBy: `autonomy:${artifact.effect.type}`,
        }),
        ...(answer.reason === 'not_due' && { untilDue: true }),
      };
  }
}
