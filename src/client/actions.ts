/** One action: looking at it, waiting for it, and what would be proved before there is one. */

import { type Action, actionSchema } from '../contracts/http/action.ts';
import { type ValidateAnswer, validateAnswerSchema } from '../contracts/http/validate.ts';
import { knownWord } from '../contracts/words.ts';
import { ACTION_STATUSES, isSettled } from '../domain/states.ts';
import { type NewAction, withKey } from './enqueue.ts';
import { ManyCalls } from './many.ts';

export interface WaitOptions {
  /** Until it has ended, or waits for a person to replay or resolve it (the default); else until its status changes. */
  readonly untilEnd?: boolean;
  /** Absent: as long as it takes. */
  readonly timeoutMs?: number | undefined;
  /** The status that the caller knows: another one is answered at once. Absent: the one at the beginning. */
  readonly seen?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The server waits so long in one call. */
const ONE_WAIT_MS = 30_000;

export class ActionCalls extends ManyCalls {
  /** Queues an action. Without a key it makes one, so that repeating the call never queues twice. */
  async enqueue<const Type extends string>(action: NewAction<Type>): Promise<Action> {
    return (await this.queue(action)).action;
  }

  /** The same, and whether it is new: the same key again answers the action that is there. */
  async queue<const Type extends string>(
    action: NewAction<Type>,
  ): Promise<{ readonly action: Action; readonly isNew: boolean }> {
    const call = { method: 'POST', path: '/v1/actions', body: withKey(action), repeatable: true } as const;
    const { answer, status } = await this.answered(actionSchema, call);
    return { action: answer, isNew: status === 201 };
  }

  getAction(id: string): Promise<Action> {
    return this.json(actionSchema, { path: `/v1/actions/${encodeURIComponent(id)}` });
  }

  /** Waits at the server, and answers the action. When the time is over it answers it as it is: look at its status. */
  async wait(id: string, { untilEnd = true, timeoutMs, seen, signal }: WaitOptions = {}): Promise<Action> {
    const path = `/v1/actions/${encodeURIComponent(id)}`;
    const startedMs = performance.now();
    const ofCaller = signal ? { signal } : {};
    const first = await this.json(actionSchema, { path, ...ofCaller });
    const isWanted = ({ status }: Action) => (untilEnd ? hasEnded(status) : status !== (seen ?? first.status));
    for (let action = first; ; ) {
      const leftMs = timeoutMs === undefined ? ONE_WAIT_MS : timeoutMs - (performance.now() - startedMs);
      if (isWanted(action) || leftMs <= 0) return action;
      const waitMs = Math.min(ONE_WAIT_MS, Math.ceil(leftMs));
      action = await this.json(actionSchema, {
        path,
        query: { wait: `${waitMs}ms`, seen: action.status },
        timeoutMs: waitMs + this.transport.timeoutMs,
        ...ofCaller,
      });
    }
  }

  /** The checks of an enqueue, and the effect as a proof would store it; of up to 50 actions, each answered in its place. */
  validate<const Types extends readonly string[]>(request: {
    readonly actions: { readonly [Index in keyof Types]: NewAction<Types[Index]> };
  }): Promise<ValidateAnswer> {
    const call = { method: 'POST', path: '/v1/actions/validate', body: request, repeatable: true } as const;
    // Whatever its adapters do, one call takes no longer.
    return this.json(validateAnswerSchema, { ...call, timeoutMs: 60_000 });
  }
}

function hasEnded(status: string): boolean {
  const known = knownWord(ACTION_STATUSES, status);
  return known !== undefined && isSettled(known);
}
