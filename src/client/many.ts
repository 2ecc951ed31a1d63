/** What is asked of many actions at once. */

import {
  type ApprovalsAnswer,
  type ApprovalsRequest,
  approvalsAnswerSchema,
  type CancelManyInput,
  type DlqGroups,
  dlqGroupsSchema,
} from '../contracts/http/bulk.ts';
import { type DlqAnswer, type DlqInput, dlqAnswerSchema } from '../contracts/http/decisions.ts';
import { Calls } from './calls.ts';

export class ManyCalls extends Calls {
  /** Approves and rejects up to 200 actions, each by itself and answered in its place. */
  decideApprovals(request: ApprovalsRequest): Promise<ApprovalsAnswer> {
    return this.json(approvalsAnswerSchema, { method: 'POST', path: '/v1/approvals', body: request });
  }

  /** Cancels up to 1,000 actions that wait; what is left is told. */
  cancelMany(request: CancelManyInput): Promise<DlqAnswer> {
    return this.json(dlqAnswerSchema, { method: 'POST', path: '/v1/actions/cancel', body: request });
  }

  /** Replays up to 1,000 dead letters; what is left is told. */
  replayDeadLetters(request: DlqInput): Promise<DlqAnswer> {
    return this.json(dlqAnswerSchema, { method: 'POST', path: '/v1/dlq/replay', body: request });
  }

  /** Cancels up to 1,000 dead letters; what is left is told. */
  clearDeadLetters(request: DlqInput): Promise<DlqAnswer> {
    return this.json(dlqAnswerSchema, { method: 'POST', path: '/v1/dlq/clear', body: request });
  }

  /** Dead letters by their cause, the largest groups first. */
  listDeadLetterGroups(
    filter: { readonly lane?: string | undefined; readonly type?: string | undefined } = {},
  ): Promise<DlqGroups> {
    return this.json(dlqGroupsSchema, { path: '/v1/dlq/groups', query: { ...filter } });
  }
}
