/** The HTTP contract as a typed client. It needs `fetch` and nothing else, so it works in browsers and in Node. */

import { z } from 'zod';
import {
  type ActionList,
  type ActionSummaryList,
  actionListSchema,
  actionSummaryListSchema,
  type LastApproved,
  lastApprovedSchema,
  type NextActions,
  nextActionsSchema,
} from '../contracts/http/action.ts';
import { type AdapterList, adapterListSchema } from '../contracts/http/adapter.ts';
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
  type FlagsChanged,
  type FlagsOfLane,
  type FlagsPatchInput,
  flagsChangedSchema,
  laneFlagsSchema,
} from '../contracts/http/flags.ts';
import { type LaneCreated, type LaneList, laneCreatedSchema, laneListSchema } from '../contracts/http/lane.ts';
import { type LogList, logListSchema } from '../contracts/http/log.ts';
import {
  type LaneStatus,
  laneStatusSchema,
  type Readiness,
  readinessSchema,
  type Status,
  statusSchema,
} from '../contracts/http/status.ts';
import { type TickList, tickListSchema } from '../contracts/http/tick.ts';
import { DecisionCalls } from './decisions.ts';
import { type NewBatch, withKey } from './enqueue.ts';
import { type AolEvent, type EventsOptions, followEvents } from './events.ts';
import type { ActionFilter, LogFilter, PageFilter, TickFilter } from './filters.ts';
import type { CallOptions, HttpTransport, TransportOptions } from './transport.ts';

export type { WaitOptions } from './actions.ts';
export type { ActionPayloads, NewAction, NewBatch, PayloadOf } from './enqueue.ts';
export type { AolEvent, EventsOptions } from './events.ts';
export type { ActionFilter, LogFilter, PageFilter, TickFilter } from './filters.ts';
export { AolApiError, AolInsecureAddressError, AolUnreachableError } from './transport.ts';

export type AolClientOptions = TransportOptions;

/** An artifact's bytes as they were hashed. */
export interface ArtifactBytes {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/**
 * Talks to an AOL server. Calls that are safe to repeat are repeated when the server is away for a moment, or asks to wait:
 * reads, enqueues (which always carry a key), pause, kill, promote and revise (which queue once), creating lanes, revoking tokens.
 *
 * Every method throws {@link AolApiError} when the server refuses, and `AolUnreachableError` when there is no answer. A token goes
 * to another machine by https only: else the constructor, or `signIn`, throws `AolInsecureAddressError`.
 */
export class AolClient extends DecisionCalls {
  get #transport(): HttpTransport {
    return this.transport;
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

  /** The other action of its lane, type and account that a person approved last: to compare it with. */
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

  status(): Promise<Status> {
    return this.#json(statusSchema, { path: '/v1/status' });
  }

  /** The whole log, newest first. */
  listLogs(filter: LogFilter = {}): Promise<LogList> {
    return this.#json(logListSchema, { path: '/v1/logs', query: { ...filter } });
  }

  /** All rows of the log that fit, as CSV, while they are read. */
  async exportLogs(filter: LogFilter = {}, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const query = { ...filter, format: 'csv' };
    const body = await this.#transport.call(
      { path: '/v1/logs', query, isStream: true, signal },
      async (response) => response.body,
    );
    return body ?? new ReadableStream({ start: (controller) => controller.close() });
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

  #json<Schema extends z.ZodType>(schema: Schema, options: CallOptions): Promise<z.output<Schema>> {
    return this.json(schema, options);
  }
}
