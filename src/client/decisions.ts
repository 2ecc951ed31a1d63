/** What people decide about one action. */

import { type Action, actionSchema } from '../contracts/http/action.ts';
import type {
  AllowRequest,
  PromoteRequest,
  RequestChanges,
  RescheduleRequest,
  ResolveRequest,
  ReviseRequest,
} from '../contracts/http/decisions.ts';
import { AccessCalls } from './access.ts';

type DecisionVerb =
  | 'approve'
  | 'cancel'
  | 'promote'
  | 'reject'
  | 'replay'
  | 'request-changes'
  | 'reschedule'
  | 'resolve'
  | 'revise';

export class DecisionCalls extends AccessCalls {
  cancel(id: string, options: { readonly reason?: string | undefined } = {}): Promise<Action> {
    return this.#decide(id, 'cancel', options);
  }

  /** Gives a dead letter a new round of attempts under the same key. */
  replay(id: string, options: { readonly reason?: string | undefined } = {}): Promise<Action> {
    return this.#decide(id, 'replay', options);
  }

  /** Lets the artifact with this SHA-256 be performed. */
  approve(id: string, request: AllowRequest): Promise<Action> {
    return this.#decide(id, 'approve', request);
  }

  /** Cancels what waits for approval. */
  reject(id: string, request: { readonly reason?: string | undefined } = {}): Promise<Action> {
    return this.#decide(id, 'reject', request);
  }

  /** Says what has to be different before it is approved: it goes on waiting, and whoever asked for it reads the reason. */
  requestChanges(id: string, request: RequestChanges): Promise<Action> {
    return this.#decide(id, 'request-changes', request);
  }

  /** Ends what waits, or a dead letter, and queues a changed one in its place, which it answers; again answers that action. */
  revise(id: string, request: ReviseRequest): Promise<Action> {
    return this.#decide(id, 'revise', request, true);
  }

  /** Moves what waits to another time. What was approved stays approved. */
  reschedule(id: string, request: RescheduleRequest): Promise<Action> {
    return this.#decide(id, 'reschedule', request);
  }

  /** Queues, once, a REAL action that may perform exactly this proof's artifact; again answers that action. */
  promote(id: string, request: PromoteRequest): Promise<Action> {
    return this.#decide(id, 'promote', request, true);
  }

  /** Says whether an unconfirmed effect was sent. */
  resolve(id: string, request: ResolveRequest): Promise<Action> {
    return this.#decide(id, 'resolve', request);
  }

  #decide(id: string, verb: DecisionVerb, body: object, repeatable = false): Promise<Action> {
    const path = `/v1/actions/${encodeURIComponent(id)}/${verb}`;
    return this.json(actionSchema, { method: 'POST', path, body, repeatable });
  }
}
