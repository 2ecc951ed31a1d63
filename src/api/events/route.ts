/** `GET /v1/events`: server-sent events. Each committed row of the log comes once, in order, over any number of reconnects. */

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { eventsQuerySchema, type LogEntry } from '../../contracts/http/log.ts';
import { requireLane } from '../../db/decide/flags.ts';
import { InvalidRequestError, UnavailableError } from '../../domain/errors.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import type { Scope } from '../../domain/scope.ts';
import { identify } from '../access/auth.ts';
import { requireLaneInScope, seesLogEntry } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';
import { rawAnswer } from '../describe/raw-answer.ts';
import type { EventFeed, FeedItem } from './feed.ts';

export function eventRoutes(app: Api, context: ApiContext, feed: EventFeed): void {
  const open = new Set<AbortController>();
  const { streams, turns } = context.bounds;
  app.addHook('preClose', async () => {
    for (const stream of open) stream.abort();
  });

  /** @throws NotFoundError when the lane does not exist */
  const begin = async (items: AsyncGenerator<readonly FeedItem[], void>, lane: string | undefined) => {
    if (lane !== undefined) await requireLane(context.database, lane);
    return items.next();
  };

  app.route({
    method: 'GET',
    url: '/v1/events',
    config: { problems: [404] },
    exposeHeadRoute: false,
    schema: {
      summary: 'Live events of all lanes or one (server-sent events); goes on after Last-Event-ID',
      querystring: eventsQuerySchema,
      response: { 200: rawAnswer('Events without end', 'text/event-stream') },
    },
    async handler(request, reply) {
      const { lane } = request.query;
      if (lane !== undefined) requireLaneInScope(request.scope, lane);
      const after = lastEventId(request, request.query.lastEventId);
      const ended = new AbortController();
      // A stream that waits behind another of its connection is not told when that is gone; its place is.
      const stream = new PassThrough();
      const leave = streams.enter(request, () => stream.destroy());
      stream.once('close', () => ended.abort());
      open.add(ended);
      ended.signal.addEventListener('abort', () => {
        clearInterval(beats);
        open.delete(ended);
        leave();
      });
      const beat = () => {
        // Who does not read what is there needs no sign of life on top of it.
        const write = () => void (stream.writable && !stream.writableNeedDrain && stream.write(': beat\n\n'));
        // While PostgreSQL is away nobody can be asked; whoever may no longer listen is cut off.
        identify(request, context).then(write, (error: unknown) => {
          if (error instanceof UnavailableError) write();
          else ended.abort();
        });
      };
      const beats = setInterval(beat, context.beatIntervalMs);
      const items = feed.follow({ after, signal: ended.signal });
      // What is wrong at the beginning is a problem of HTTP, not the end of a stream.
      const first = await begin(items, lane).catch((error: unknown) => {
        ended.abort();
        throw error;
      });
      void pump(first, items, stream, {
        isWanted: wanted(lane, request.scope),
        signal: ended.signal,
        turn: () => turns.turn(),
      }).catch((error: unknown) => {
        request.log.error({ err: error }, 'a stream of events ended');
        stream.destroy(error instanceof Error ? error : undefined);
      });
      return reply
        .type('text/event-stream; charset=utf-8')
        .headers({ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' })
        .send(stream);
    },
  });
}

function lastEventId({ headers }: FastifyRequest, inAddress: string | undefined): number | undefined {
  const given = headers['last-event-id'] ?? inAddress;
  if (given === undefined || given === '') return undefined;
  if (typeof given !== 'string' || !/^\d{1,15}$/.test(given)) {
    throw new InvalidRequestError('Last-Event-ID must be the id of an event', [
      { field: 'Last-Event-ID', rule: 'must be the id of an event' },
    ]);
  }
  return Number(given);
}

/** Writes as fast as the client reads: who is slow is served from the database later, and nothing piles up here. */
async function pump(
  first: IteratorResult<readonly FeedItem[], void>,
  items: AsyncGenerator<readonly FeedItem[], void>,
  stream: PassThrough,
  { isWanted, signal, turn }: { readonly isWanted: IsWanted; readonly signal: AbortSignal; turn(): Promise<void> },
): Promise<void> {
  for (let next = first; !next.done; next = await items.next()) {
    // News wake all streams at once; between two of them others have their turn.
    await turn();
    for (const text of texts(next.value, isWanted)) {
      if (!stream.write(text)) await once(stream, 'drain', { signal }).catch(() => undefined);
      await turn();
    }
  }
  stream.end();
}

type IsWanted = (entry: LogEntry) => boolean;

/** What is about all lanes is about each of them. */
function wanted(lane: string | undefined, scope: Scope | null): IsWanted {
  return (entry) =>
    (lane === undefined || entry.lane === lane || entry.lane === ALL_LANES) && seesLogEntry(scope, entry);
}

const MOST_AT_ONCE = 64 * 1024;

/** Several items a text, which is one packet. */
function* texts(items: readonly FeedItem[], isWanted: IsWanted): Generator<string> {
  let joined = '';
  for (const item of items) {
    joined += asText(item, isWanted) ?? '';
    if (joined.length < MOST_AT_ONCE) continue;
    yield joined;
    joined = '';
  }
  if (joined !== '') yield joined;
}

function asText(item: FeedItem, isWanted: IsWanted): string | undefined {
  if (item.event !== 'log') return `event: ${item.event}\nid: ${item.id}\ndata: {}\n\n`;
  const { entry } = item;
  if (!isWanted(entry)) return undefined;
  return logText(entry);
}

/** What many streams are told is written out once. */
const written = new WeakMap<LogEntry, string>();

function logText(entry: LogEntry): string {
  const known = written.get(entry);
  if (known !== undefined) return known;
  const text = `event: log\nid: ${entry.id}\ndata: ${JSON.stringify(entry)}\n\n`;
  written.set(entry, text);
  return text;
}
