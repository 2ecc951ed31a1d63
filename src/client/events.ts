/** What `GET /v1/events` streams, followed over lost connections. */

import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { type LogEntry, logEntrySchema } from '../contracts/http/log.ts';
import { AolApiError, AolUnreachableError, type HttpTransport, parsedJson, pauseBefore } from './transport.ts';

export type AolEvent =
  /** The stream is there: what is read from now on is at least as new as the events that follow. */
  | { readonly kind: 'ready'; readonly id: string | null }
  /** A row of the log was committed. Each comes once, also over a reconnect. */
  | { readonly kind: 'log'; readonly id: string | null; readonly log: LogEntry }
  /** Rows since the last id were pruned: read the state anew. */
  | { readonly kind: 'reset'; readonly id: string | null }
  /** Something that only a newer client understands: it may be passed over, or the state read anew. */
  | { readonly kind: 'unknown'; readonly id: string | null; readonly event: string; readonly data: string }
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
 * Follows the events until the signal ends it. Whatever else happens on the way is a lost connection, and is opened again.
 *
 * @throws AolApiError when the server refuses for good (4xx): no token, no right
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
      const options = {
        path: '/v1/events',
        query: { lane },
        headers: { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) },
        repeatable: false,
        isStream: true,
        signal: silence.signal,
      };
      const body = await transport.call(options, async (response) => response.body);
      for await (const message of body ? messagesOf(body, silence) : []) {
        failures = 0;
        lastId = message.id ?? lastId;
        yield toEvent(message, lastId ?? null);
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

async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  silence: Silence,
): AsyncGenerator<EventSourceMessage, void, undefined> {
  const messages: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => messages.push(message) });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      // A beat is a comment: it is no message, and it is heard.
      silence.heard();
      parser.feed(decoder.decode(value, { stream: true }));
      yield* messages.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function toEvent({ event = 'message', data }: EventSourceMessage, id: string | null): AolEvent {
  if (event === 'ready' || event === 'reset') return { kind: event, id };
  const log = event === 'log' ? logEntrySchema.safeParse(parsedJson(data)) : undefined;
  return log?.success ? { kind: 'log', id, log: log.data } : { kind: 'unknown', id, event, data };
}

/** Whether trying again would be refused again. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof AolApiError)) return false;
  return error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429;
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
