/** What `GET /v1/events` streams, followed over lost connections. */

import { type LogEntry, logEntrySchema } from '../contracts/http/log.ts';
import { BEAT, type ServerSentEvent, serverSentEvents } from './server-sent-events.ts';
import { AolApiError, AolUnreachableError, type HttpTransport, pauseBefore } from './transport.ts';

export type AolEvent =
  /** The stream is there: what is read from now on is at least as new as the events that follow. */
  | { readonly kind: 'ready'; readonly id: string | null }
  /** A row of the log was committed. Each comes once, also over a reconnect. */
  | { readonly kind: 'log'; readonly id: string | null; readonly log: LogEntry }
  /** Rows since the last id were pruned: read the state anew. */
  | { readonly kind: 'reset'; readonly id: string | null }
  /** The connection is lost; it is opened again by itself, and `ready` says so. */
  | { readonly kind: 'lost'; readonly reason: string };

export interface EventsOptions {
  /** Only of this lane. */
  readonly lane?: string | undefined;
  /** Goes on after this event; without it with what is committed from now on. */
  readonly lastEventId?: string | undefined;
  /** Ends the stream; the iteration then ends without an error. */
  readonly signal?: AbortSignal | undefined;
  /** A stream that says nothing for so long is lost; the server beats each 10 s. 30 s by default. */
  readonly silenceMs?: number;
}

/**
 * Follows the events until the signal ends it.
 *
 * @throws AolApiError when the server refuses for good: no token, no such lane
 */
export async function* followEvents(
  transport: HttpTransport,
  { lane, lastEventId, signal, silenceMs = 30_000 }: EventsOptions,
): AsyncGenerator<AolEvent, void, undefined> {
  let lastId = lastEventId;
  for (let failures = 0; !signal?.aborted; ) {
    const silence = new Silence(silenceMs, signal);
    let reason = 'the server ended the stream';
    try {
      const response = await transport.call({
        path: '/v1/events',
        query: { lane },
        headers: { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) },
        repeatable: false,
        isStream: true,
        signal: silence.signal,
      });
      if (!response.body) throw AolApiError.unexpected(response.status, '/v1/events answered without a stream');
      for await (const received of serverSentEvents(response.body)) {
        silence.heard();
        if (received === BEAT) continue;
        failures = 0;
        lastId = received.id ?? lastId;
        const event = toEvent(received);
        if (event) yield event;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (isFinal(error)) throw error;
      reason = reasonOf(error);
    } finally {
      silence.close();
    }
    if (signal?.aborted) return;
    yield { kind: 'lost', reason };
    failures += 1;
    await pauseBefore(failures, { signal }).catch(() => undefined);
  }
}

function toEvent({ event, data, id }: ServerSentEvent): AolEvent | undefined {
  if (event === 'ready' || event === 'reset') return { kind: event, id };
  if (event !== 'log') return undefined;
  const parsed = logEntrySchema.safeParse(parseJson(data));
  if (!parsed.success) throw AolApiError.unexpected(200, '/v1/events sent something else than agreed');
  return { kind: 'log', id, log: parsed.data };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether trying again would be refused again. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof AolApiError)) return false;
  return error.status < 500 && error.status !== 408 && error.status !== 429;
}

function reasonOf(error: unknown): string {
  if (error instanceof AolUnreachableError || error instanceof AolApiError) return error.message;
  return 'the connection broke';
}

/** Aborts when nothing was heard for a time, or when the caller's own signal does. */
class Silence {
  readonly #ms: number;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number, outer: AbortSignal | undefined) {
    this.#ms = ms;
    this.#outer = outer;
    outer?.addEventListener('abort', this.#end);
    if (outer?.aborted) this.#end();
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something was heard. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#end, this.#ms);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#end);
    this.#controller.abort();
  }

  readonly #end = (): void => this.#controller.abort();
}
