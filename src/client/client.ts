/** The HTTP contract as a typed client. It needs `fetch` and nothing else, so it works in browsers and in Node. */

import { z } from 'zod';
import {
  type AccountChecked,
  type AccountDescription,
  type AccountList,
  accountCheckedSchema,
  accountListSchema,
  accountSchema,
  type BudgetRequest,
} from '../contracts/http/account.ts';
import {
  type Action,
  type ActionList,
  type ActionSummaryList,
  actionListSchema,
  actionSchema,
  actionSummaryListSchema,
  type LastApproved,
  lastApprovedSchema,
  type NextActions,
  nextActionsSchema,
} from '../contracts/http/action.ts';
import { type AdapterList, adapterListSchema } from '../contracts/http/adapter.ts';
import {
  type Autonomy,
  type AutonomyList,
  type AutonomyPutInput,
  autonomyListSchema,
  autonomySchema,
} from '../contracts/http/autonomy.ts';
import { type BatchAnswer, batchAnswerSchema } from '../contracts/http/batch.ts';
import { type Blob, blobSchema } from '../contracts/http/blob.ts';
import {
  type ControlAnswer,
  type ControlRequest,
  type ControlVerb,
  controlAnswerSchema,
  type StartRequest,
} from '../contracts/http/control.ts';
import {
  type AllowRequest,
  type DlqAnswer,
  type DlqInput,
  dlqAnswerSchema,
  type ResolveRequest,
} from '../contracts/http/decisions.ts';
import {
  type FlagsChanged,
  type FlagsOfLane,
  type FlagsPatchInput,
  flagsChangedSchema,
  laneFlagsSchema,
} from '../contracts/http/flags.ts';
import { type LaneCreated, type LaneList, laneCreatedSchema, laneListSchema } from '../contracts/http/lane.ts';
import { type LogList, logListSchema } from '../contracts/http/log.ts';
import { type Session, sessionSchema } from '../contracts/http/session.ts';
import {
  type LaneStatus,
  laneStatusSchema,
  type Readiness,
  readinessSchema,
  type Status,
  statusSchema,
} from '../contracts/http/status.ts';
import { type TickList, tickListSchema } from '../contracts/http/tick.ts';
import {
  type CreatedToken,
  type CreateTokenRequest,
  createdTokenSchema,
  type TokenList,
  tokenListSchema,
} from '../contracts/http/token.ts';
import { type NewAction, type NewBatch, withKey } from './enqueue.ts';
import { type AolEvent, type EventsOptions, followEvents } from './events.ts';
import type { ActionFilter, LogFilter, PageFilter, TickFilter } from './filters.ts';
import { AolApiError, type CallOptions, HttpTransport, parsedJson, type TransportOptions } from './transport.ts';

export type { ActionPayloads, NewAction, NewBatch, PayloadOf } from './enqueue.ts';
export type { AolEvent, EventsOptions } from './events.ts';
export type { ActionFilter, LogFilter, PageFilter, TickFilter } from './filters.ts';
export { AolApiError, AolInsecureAddressError, AolUnreachableError } from './transport.ts';

export type AolClientOptions = TransportOptions;

type DecisionVerb = 'approve' | 'cancel' | 'promote' | 'reject' | 'replay' | 'resolve';

/** An artifact's bytes as they were hashed. */
export interface ArtifactBytes {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/**
 * Talks to an AOL server. Calls that are safe to repeat are repeated when the server is away for a moment, or asks to wait:
 * reads, enqueues (which always carry a key), pause, kill, promote (which queues once), creating lanes, revoking tokens.
 *
 * Every method throws {@link AolApiError} when the server refuses, and `AolUnreachableError` when there is no answer. A token goes
 * to another machine by https only: else the constructor, or `signIn`, throws `AolInsecureAddressError`.
 */
export class AolClient {
  readonly #transport: HttpTransport;

  constructor(options: AolClientOptions) {
    this.#transport = new HttpTransport(options);
  }

  /** Queues an action. Without a key it makes one, so that repeating the call never queues twice. */
  enqueue<const Type extends string>(action: NewAction<Type>): Promise<Action> {
    return this.#json(actionSchema, { method: 'POST', path: '/v1/actions', body: withKey(action), repeatable: true });
  }

  /**
   * Queues up to 1,000 actions in one transaction; each is answered in its place, accepted or refused. One without a key gets
   * one here, for this call: give keys, where the whole batch may be sent again.
   */
  enqueueMany<const Types extends readonly string[]>(batch: NewBatch<Types>): Promise<BatchAnswer> {
    const body = { actions: batch.actions.map((action) => withKey(action)) };
    return this.#json(batchAnswerSchema, { method: 'POST', path: '/v1/actions/batch', body, repeatable: true });
  }

  listActions(filter: ActionFilter = {}): Promise<ActionList> {
    return this.#json(actionListSchema, { path: '/v1/actions', query: { ...filter } });
  }

  /** The same with one line of what each does instead of its payload, which may have 64 KiB. */
  listActionSummaries(filter: ActionFilter = {}): Promise<ActionSummaryList> {
    return this.#json(actionSummaryListSchema, { path: '/v1/actions', query: { ...filter, fields: 'summary' } });
  }

  getAction(id: string): Promise<Action> {
    return this.#json(actionSchema, { path: `/v1/actions/${encodeURIComponent(id)}` });
  }

  /** The newest other action of its lane, type and account that a person approved or that was sent: to compare it with. */
  getLastApproved(id: string): Promise<LastApproved> {
    return this.#json(lastApprovedSchema, { path: `/v1/actions/${encodeURIComponent(id)}/last-approved` });
  }

  /** What happened to one action, oldest first. */
  getLogs(id: string, page: PageFilter = {}): Promise<LogList> {
    return this.#json(logListSchema, { path: `/v1/actions/${encodeURIComponent(id)}/logs`, query: { ...page } });
  }

  /**
   * Stores a picture or a file (20 MiB at most), for payloads to name by its SHA-256. A picture loses its metadata first, so that its
   * SHA-256 may differ from the one of `bytes`.
   *
   * @param mediaType believed only where the bytes do not say what they are
   */
  putBlob(bytes: Uint8Array, mediaType = 'application/octet-stream'): Promise<Blob> {
    const call = { method: 'PUT', path: '/v1/blobs', rawBody: { bytes, mediaType }, repeatable: true } as const;
    return this.#json(blobSchema, call);
  }

  getArtifact(id: string): Promise<ArtifactBytes> {
    return this.#transport.call({ path: `/v1/actions/${encodeURIComponent(id)}/artifact` }, async (response) => ({
      bytes: new Uint8Array(await response.arrayBuffer()),
      sha256: response.headers.get('x-content-sha256') ?? '',
    }));
  }

  /** A stored file's bytes, exactly those that are sent. */
  getBlob(sha256: string): Promise<Uint8Array> {
    return this.#transport.call(
      { path: `/v1/blobs/${encodeURIComponent(sha256)}` },
      async (response) => new Uint8Array(await response.arrayBuffer()),
    );
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

  /** The whole log, newest first. */
  listLogs(filter: LogFilter = {}): Promise<LogList> {
    return this.#json(logListSchema, { path: '/v1/logs', query: { ...filter } });
  }

  listTicks(filter: TickFilter = {}): Promise<TickList> {
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

  /** With `force` it also takes the lanes away from whoever holds them; that is an admin's. */
  start(request: StartRequest = {}): Promise<ControlAnswer> {
    return this.control('start', request);
  }

  /** Without a lane it holds for all lanes. */
  control(verb: ControlVerb, request: StartRequest = {}): Promise<ControlAnswer> {
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

  /** How far types of actions may go by themselves, as it is set for a lane and for all; without a lane everything. */
  listAutonomy(lane?: string): Promise<AutonomyList> {
    return this.#json(autonomyListSchema, { path: '/v1/autonomy', query: { lane } });
  }

  setAutonomy(put: AutonomyPutInput): Promise<Autonomy> {
    return this.#json(autonomySchema, { method: 'PUT', path: '/v1/autonomy', body: put, repeatable: true });
  }

  listLanes(): Promise<LaneList> {
    return this.#json(laneListSchema, { path: '/v1/lanes' });
  }

  getLane(lane: string): Promise<LaneStatus> {
    return this.#json(laneStatusSchema, { path: `/v1/lanes/${encodeURIComponent(lane)}` });
  }

  /** What the lane's next tick would claim, in its order, or why nothing. */
  getNext(lane: string): Promise<NextActions> {
    return this.#json(nextActionsSchema, { path: `/v1/lanes/${encodeURIComponent(lane)}/next` });
  }

  createLane(lane: string): Promise<LaneCreated> {
    const path = `/v1/lanes/${encodeURIComponent(lane)}`;
    return this.#json(laneCreatedSchema, { method: 'PUT', path, body: {}, repeatable: true });
  }

  listAdapters(): Promise<AdapterList> {
    return this.#json(adapterListSchema, { path: '/v1/adapters' });
  }

  /** On whose behalf effects are performed, without secrets. */
  listAccounts(): Promise<AccountList> {
    return this.#json(accountListSchema, { path: '/v1/accounts' });
  }

  /** Has a worker look whether an account works; it waits up to 10 s for it. */
  checkAccount(name: string): Promise<AccountChecked> {
    const path = `/v1/accounts/${encodeURIComponent(name)}/check`;
    return this.#json(accountCheckedSchema, { method: 'POST', path, body: {}, repeatable: true });
  }

  /** Sets how much an account, or a host of webhooks (`webhook:host`), may do in an hour and in a day; null takes a number back. */
  setBudget(name: string, budget: BudgetRequest): Promise<AccountDescription> {
    const path = `/v1/accounts/${encodeURIComponent(name)}/budget`;
    return this.#json(accountSchema, { method: 'PUT', path, body: budget, repeatable: true });
  }

  listTokens(page: PageFilter = {}): Promise<TokenList> {
    return this.#json(tokenListSchema, { path: '/v1/tokens', query: { ...page } });
  }

  /** The secret is answered this once. */
  createToken(request: CreateTokenRequest): Promise<CreatedToken> {
    return this.#json(createdTokenSchema, { method: 'POST', path: '/v1/tokens', body: request });
  }

  /** Ends a token at once, and its sessions. */
  async revokeToken(id: string): Promise<void> {
    const path = `/v1/tokens/${encodeURIComponent(id)}`;
    await this.#transport.call({ method: 'DELETE', path, repeatable: true }, nothing);
  }

  /** In a page: exchanges a token for the session's cookie. What is changed from then on carries its CSRF token. */
  async signIn(token: string): Promise<Session> {
    this.#transport.assertPrivate();
    return this.#session(await this.#json(sessionSchema, { method: 'POST', path: '/v1/session', body: { token } }));
  }

  /** Who calls; in a page that was loaded anew it also takes the session's CSRF token up again. */
  async session(): Promise<Session> {
    return this.#session(await this.#json(sessionSchema, { path: '/v1/session' }));
  }

  async signOut(): Promise<void> {
    await this.#transport.call({ method: 'DELETE', path: '/v1/session' }, nothing);
    this.#transport.csrfToken = null;
  }

  /** The OpenAPI description of all this. */
  async openApi(): Promise<Record<string, unknown>> {
    return this.#json(z.record(z.string(), z.unknown()), { path: '/openapi.json' });
  }

  /** The metrics as Prometheus reads them. */
  metrics(): Promise<string> {
    return this.#transport.call({ path: '/metrics' }, (response) => response.text());
  }

  /** Whether the API's process answers, whatever is away behind it; throws when it does not. */
  async alive(): Promise<boolean> {
    return (await this.#json(z.object({ alive: z.boolean() }), { path: '/healthz' })).alive;
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

  #session(session: Session): Session {
    this.#transport.csrfToken = session.csrfToken;
    return session;
  }

  #decide(id: string, verb: DecisionVerb, body: object, repeatable = false): Promise<Action> {
    const path = `/v1/actions/${encodeURIComponent(id)}/${verb}`;
    return this.#json(actionSchema, { method: 'POST', path, body, repeatable });
  }

  async #json<Schema extends z.ZodType>(schema: Schema, options: CallOptions): Promise<z.output<Schema>> {
    const { status, text } = await this.#transport.call(options, async (response) => ({
      status: response.status,
      text: await response.text(),
    }));
    const parsed = schema.safeParse(parsedJson(text));
    if (!parsed.success) throw AolApiError.unexpected(status, `${options.path} answered something else than agreed`);
    return parsed.data;
  }
}

/** The answer has no body, or none that matters. */
async function nothing(response: Response): Promise<void> {
  await response.body?.cancel();
}
