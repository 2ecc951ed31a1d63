/** Who watches activities at work: the worker hands one in that logs, counts and traces. It changes nothing of what they do. */

import type { Effect } from '../adapters/port.ts';
import type { PerformEffectInput, ProveTickInput } from '../contracts/engine/activities.ts';
import type { ClaimedAction } from '../db/queue/claimed-action.ts';
import type { AttemptResult } from '../db/queue/close.ts';
import type { GateAnswer } from '../db/queue/gate.ts';
import type { AttemptOutcome } from '../domain/outcomes.ts';

type Work<Result> = () => Promise<Result>;

export interface Observer {
  /** One proof of a tick. */
  proof(tick: ProveTickInput, action: ClaimedAction, work: Work<AttemptResult>): Promise<AttemptResult>;
  /** One run of an effect's activity: from its beginning to its outcome. */
  run<Result>(claim: PerformEffectInput, run: number, work: Work<Result>): Promise<Result>;
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
  proof: (_tick, _action, work) => work(),
  run: (_claim, _run, work) => work(),
  gate: (_claim, work) => work(),
  perform: (_claim, _what, work) => work(),
};
