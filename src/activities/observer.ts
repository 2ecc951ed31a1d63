/** Who watches activities at work: the worker hands one in that logs, counts and traces. It changes nothing of what they do. */

import type { Effect } from '../adapters/port.ts';
import type {
  ClaimTickInput,
  ClaimTickResult,
  PerformEffectInput,
  ProveTickInput,
  TickSummary,
} from '../contracts/engine/activities.ts';
import type { ClaimedAction } from '../db/queue/claimed-action.ts';
import type { AttemptResult } from '../db/queue/close.ts';
import type { GateAnswer } from '../db/queue/gate.ts';
import type { AttemptOutcome } from '../domain/outcomes.ts';

type Work<Result> = () => Promise<Result>;

export interface Observer {
  /** A lane is looked at. */
  claim(input: ClaimTickInput, work: Work<ClaimTickResult>): Promise<ClaimTickResult>;
  /** The proofs of a tick. */
  prove(tick: ProveTickInput, work: Work<TickSummary>): Promise<TickSummary>;
  /** The proofs of a tick failed; its lane tries again. */
  unproved(tick: ProveTickInput, error: unknown): void;
  /** One proof of a tick. */
  proof(tick: ProveTickInput, action: ClaimedAction, work: Work<AttemptResult>): Promise<AttemptResult>;
  /** One attempt of an effect, from its beginning to its outcome. */
  run<Result>(claim: PerformEffectInput, work: Work<Result>): Promise<Result>;
  gate(claim: PerformEffectInput, work: Work<GateAnswer>): Promise<GateAnswer>;
  /** The call into the adapter. */
  perform(
    claim: PerformEffectInput,
    what: { readonly effect: Effect; readonly attempt: number },
    work: Work<AttemptOutcome>,
  ): Promise<AttemptOutcome>;
}

/** Nobody watches. */
export const unobserved: Observer = {
  claim: (_input, work) => work(),
  prove: (_tick, work) => work(),
  unproved: () => undefined,
  proof: (_tick, _action, work) => work(),
  run: (_claim, work) => work(),
  gate: (_claim, work) => work(),
  perform: (_claim, _what, work) => work(),
};
