/** Decisions about many: those that were selected, or all that fit the filters. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import type { DlqInput } from '../../src/contracts/http/decisions.ts';
import { MAX_BULK_APPROVALS, MAX_BULK_DECISIONS } from '../../src/domain/limits.ts';
import { askMany, type Failed, leftOf, refusedOf } from '../parts/many.tsx';
import { client } from '../state/session.ts';
import type { DecisionFilter } from './kinds.ts';

export type ManyVerb = 'approve' | 'reject' | 'replay' | 'clear';

export interface Chosen {
  /** Those that were selected; of all that fit, those that are shown. */
  readonly actions: readonly ActionSummary[];
  /** All that fit it are meant, and not these alone. */
  readonly filter: DecisionFilter | undefined;
}

/** Asks about them. Afterwards `onDone` is told of which it was done. */
export function decideMany(verb: ManyVerb, chosen: Chosen, onDone: (ids: readonly string[]) => void): Promise<void> {
  return verb === 'approve' || verb === 'reject'
    ? askApprovals(verb, chosen, onDone)
    : askDeadLetters(verb, chosen, onDone);
}

async function askApprovals(
  verb: 'approve' | 'reject',
  { actions: selected, filter }: Chosen,
  onDone: (ids: readonly string[]) => void,
): Promise<void> {
  const fitting = filter && (await firstThatFit('AWAITING_APPROVAL', filter));
  const actions = (fitting?.items ?? selected).slice(0, MAX_BULK_APPROVALS);
  const approves = verb === 'approve';
  askMany({
    verb: approves ? 'Approve' : 'Reject',
    done: approves ? 'Approved' : 'Rejected',
    will: approves ? 'be sent exactly as they were rendered, each checked by its own hash' : 'be cancelled for good',
    kind: approves ? 'primary' : 'danger',
    actions,
    changed: actions.length,
    note: leftOf(fitting?.total ?? selected.length, MAX_BULK_APPROVALS),
    async send(reason) {
      const { results } = await client.decideApprovals(
        approves
          ? { approve: actions.map(({ id, artifactSha256 }) => ({ id, sha256: artifactSha256 ?? '' })), reason }
          : { reject: actions.map(({ id }) => ({ id })), reason },
      );
      const failed = results.flatMap((result): Failed[] =>
        result.status === 200 ? [] : [{ id: result.id, why: result.problem.detail ?? result.problem.title }],
      );
      return { done: results.length - failed.length, failed };
    },
    onDone: (failed) => onDone(actions.map(({ id }) => id).filter((id) => !failed.has(id))),
  });
}

async function askDeadLetters(
  verb: 'replay' | 'clear',
  { actions: selected, filter }: Chosen,
  onDone: (ids: readonly string[]) => void,
): Promise<void> {
  const call = (request: DlqInput) =>
    verb === 'replay' ? client.replayDeadLetters(request) : client.clearDeadLetters(request);
  const fitting = filter && (await firstThatFit('DLQ', filter));
  const actions = fitting?.items ?? selected;
  const { createdBy, ...dlqFilter } = filter ?? {};
  const ids = actions.map(({ id }) => id);
  const which = (before?: string): DlqInput =>
    fitting && createdBy === undefined && fitting.total > actions.length
      ? { filter: { ...dlqFilter, before } }
      : { ids };
  const { matched, asOf } = await call({ ...which(), dryRun: true });
  const replays = verb === 'replay';
  askMany({
    verb: replays ? 'Replay' : 'Clear',
    done: replays ? 'Replayed' : 'Cleared',
    will: replays ? 'be given a new round of attempts' : 'be cancelled for good',
    kind: replays ? 'primary' : 'danger',
    actions,
    changed: Math.min(matched, MAX_BULK_DECISIONS),
    note: leftOf(matched, MAX_BULK_DECISIONS),
    async send(reason) {
      // What has failed since was not counted.
      const answer = await call({ ...which(asOf), reason });
      return { done: answer.changed, failed: refusedOf(answer) };
    },
    onDone: (failed) => onDone(ids.filter((id) => !failed.has(id))),
  });
}

function firstThatFit(status: 'AWAITING_APPROVAL' | 'DLQ', filter: DecisionFilter) {
  return client.listActionSummaries({
    ...filter,
    status,
    limit: MAX_BULK_APPROVALS,
    ...(status === 'AWAITING_APPROVAL' && { order: 'expires' }),
  });
}
