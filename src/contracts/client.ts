/** The HTTP contract as a typed client. It needs `fetch` and nothing else, so it works in browsers and in Node. */

import type { z } from 'zod';
import {
  type Action,
  type ActionList,
  type ActionListInput,
  actionListSchema,
  actionSchema,
  type EnqueueInput,
} from './action.ts';
import { type ControlAnswer, type ControlRequest, type ControlVerb, controlAnswerSchema } from './control.ts';
import { type AllowRequest, type DlqAnswer, type DlqInput, dlqAnswerSchema, type ResolveRequest } from './decisions.ts';
import { type AolEvent, type EventsOptions, followEvents } from './events.ts';
import {
  type FlagsChanged,
  type FlagsOfLane,
  type FlagsPatchInput,
  flagsChangedSchema,
  laneFlagsSchema,
} from './flags.ts';
import { type LaneCreated, type LaneList, laneCreatedSchema, laneListSchema } from './lane.ts';
import { type LogList, logListSchema } from './log.ts';
import {
  type LaneStatus,
  laneStatusSchema,
  type Readiness,
  readinessSchema,
  type Status,
  statusSchema,
} from './status.ts';
import { type TickList, type TickListQuery, tickListSchema } from './tick.ts';
import { AolApiError, type CallOptions, HttpTransport, type TransportOptions } from './transport.ts';

export type { AolEvent, EventsOptions } from './events.ts';
export { AolApiError, AolUnreachableError } from './transport.ts';

export type AolClientOptions = TransportOptions;

type DecisionVerb = 'approve' | 'cancel' | 'promote' | 'reject' | 'replay' | 'resolve';

/** An artifact's bytes as they were hashed. */
export interface ArtifactBytes {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

interface Page {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

type Filter<Query> = Partial<Omit<Query, keyof Page>> & Page;

/**
 * Talks to an AOL server. Calls that are safe to repeat are repeated when the server is away for a moment: reads, enqueues
 * (which always carry a key), pause, kill, promote (which queues once). Where too many calls were made, they wait as asked.
 *
 * Every method throws {@link AolApiError} when the server refuses, and `AolUnreachableError` when there is no answer.
 */
export class AolClient {
  readonly #transport: HttpTransport;

  constructor(options: AolClientOptions) {
    this.#transport = new HttpTransport(options);
  }

  /** Queues an action. Without a key it makes one, so that repeating the call never queues twice. */
  enqueue(action: EnqueueInput): Promise<Action> {
    const body = { ...action, idempotencyKey: action.idempotencyKey ?? crypto.randomUUID() };
    return this.#json(actionSchema, { method: 'POST', path: '/v1/actions', body, repeatable: true });
  }

  listActions(filter: Filter<ActionListInput> = {}): Promise<ActionList> {
    return this.#json(actionListSchema, { path: '/v1/actions', query: { ...filter } });
  }

  getAction(id: string): Promise<Action> {
    return this.#json(actionSchema, { path: `/v1/actions/${encodeURIComponent(id)}` });
  }

  getLogs(id: string, page: Page = {}): Promise<LogList> {
    return this.#json(logListSchema, { path: `/v1/actions/${encodeURIComponent(id)}/logs`, query: { ...page } });
  }

  async getArtifact(id: string): Promise<ArtifactBytes> {
    const response = await this.#transport.call({ path: `/v1/actions/${encodeURIComponent(id)}/artifact` });
    return {
      bytes: new Uint8Array(await response.arrayBuffer()),
      sha256: response.headers.get('x-content-sha256') ?? '',
    };
  }

  cancel(id: string, options: { readonly reason?: string } = {}): Promise<Action> {
    return this.#decide(id, 'cancel', options);
  }

  /** Gives a dead letter a new round of attempts under the same key. */
  replay(id: string, options: { readonly reason?: string } = {}): Promise<Action> {
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

  /** Queues, once, a REAL action that may perform exactly this proof's artifact; again answers that action. */
  promote(id: string, request: AllowRequest): Promise<Action> {
    return this.#decide(id, 'promote', request, true);
  }

  /** Says whether an unconfirmed effect was sent. */
  resolve(id: string, request: ResolveRequest): Promise<Action> {
    return this.#decide(id, 'resolve', request);
  }

  /** Replays up to 1,000 dead letters; what is left is told. */
  replayDeadLetters(request: DlqInput): Promise<DlqAnswer> {
    return this.#json(dlqAnswerSchema, { method: 'POST', path: '/v1/dlq/replay', body: request });
  }

  /** Cancels up to 1,000 dead letters; what is left is told. */
  clearDeadLetters(request: DlqInput): Promise<DlqAnswer> {
    return this.#json(dlqAnswerSchema, { method: 'POST', path: '/v1/dlq/clear', body: request });
  }

  status(): Promise<Status> {
    return this.#json(statusSchema, { path: '/v1/status' });
  }

  listTicks(filter: Filter<TickListQuery> = {}): Promise<TickList> {
    return this.#json(tickListSchema, { path: '/v1/ticks', query: { ...filter } });
  }

  /** No new attempts; what runs finishes. */
  pause(request: ControlRequest = {}): Promise<ControlAnswer> {
    return this.control('pause', request);
  }

  resume(request: ControlRequest = {}): Promise<ControlAnswer> {
    return this.control('resume', request);
  }

  /** Stop now, and stay stopped until {@link start}. */
  kill(request: ControlRequest = {}): Promise<ControlAnswer> {
    return this.control('kill', request);
  }

  start(request: ControlRequest = {}): Promise<ControlAnswer> {
    return this.control('start', request);
  }

  /** Without a lane it holds for all lanes. */
  control(verb: ControlVerb, request: ControlRequest = {}): Promise<ControlAnswer> {
    const repeatable = verb === 'pause' || verb === 'kill';
    return this.#json(controlAnswerSchema, { method: 'POST', path: `/v1/control/${verb}`, body: request, repeatable });
  }

  /** The flags in force in a lane; without one the defaults of all. */
  getFlags(lane?: string): Promise<FlagsOfLane> {
    return this.#json(laneFlagsSchema, { path: '/v1/control/flags', query: { lane } });
  }

  /** Changes flags, given a version only when the flag still has it. */
  patchFlags(patch: FlagsPatchInput): Promise<FlagsChanged> {
    return this.#json(flagsChangedSchema, { method: 'PATCH', path: '/v1/control/flags', body: patch });
  }

  listLanes(): Promise<LaneList> {
    return this.#json(laneListSchema, { path: '/v1/lanes' });
  }

  getLane(lane: string): Promise<LaneStatus> {
    return this.#json(laneStatusSchema, { path: `/v1/lanes/${encodeURIComponent(lane)}` });
  }

  createLane(lane: string): Promise<LaneCreated> {
    const path = `/v1/lanes/${encodeURIComponent(lane)}`;
    return this.#json(laneCreatedSchema, { method: 'PUT', path, body: {}, repeatable: true });
  }

  /** Which dependency is away, if any; it does not throw for that. */
  readiness(): Promise<Readiness> {
    return this.#json(readinessSchema, { path: '/readyz', alsoAccepts: 503 });
  }

  /**
   * What is committed from now on, or since an event, each row of the log once; a lost connection is opened again by itself.
   * A `break`, or the signal, ends it.
   */
  events(options: EventsOptions = {}): AsyncGenerator<AolEvent, void, undefined> {
    return followEvents(this.#transport, options);
  }

  #decide(id: string, verb: DecisionVerb, body: object, repeatable = false): Promise<Action> {
    const path = `/v1/actions/${encodeURIComponent(id)}/${verb}`;
    return this.#json(actionSchema, { method: 'POST', path, body, repeatable });
  }

  async #json<Schema extends z.ZodType>(schema: Schema, options: CallOptions): Promise<z.output<Schema>> {
    const response = await this.#transport.call(options);
    const answer: unknown = await response.json().catch(() => undefined);
    const parsed = schema.safeParse(answer);
    if (!parsed.success)
      throw AolApiError.unexpected(response.status, `${options.path} answered something else than agreed`);
    return parsed.data;
  }
}
