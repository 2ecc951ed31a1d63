/** `GET /v1/events`: server-sent events. Each committed row of the log comes once, in order, over any number of reconnects. */

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { eventsQuerySchema, type LogEntry } from '../../contracts/http/log.ts';
import { InvalidRequestError, TooManyRequestsError, UnavailableError } from '../../domain/errors.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import type { Scope } from '../../domain/scope.ts';
import { identify } from '../access/auth.ts';
import { requireLaneInScope, seesLogEntry } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';
import { rawAnswer } from '../describe/raw-answer.ts';
import { EventFeed, type FeedItem } from './feed.ts';

const MAX_STREAMS = 500;

export function eventRoutes(app: Api, context: ApiContext): void {
  const feed = new EventFeed(context.database, (error) => app.log.warn({ err: error }, 'events cannot be read'));
  const open = new Set<AbortController>();
  app.addHook('preClose', async () => {
    for (const stream of open) stream.abort();
  });

  app.route({
    method: 'GET',
    url: '/v1/events',
    exposeHeadRoute: false,
    schema: {
      summary: 'Live events of all lanes or one (server-sent events); goes on after Last-Event-ID',
      querystring: eventsQuerySchema,
      response: { 200: rawAnswer('Events without end', 'text/event-stream') },
    },
    async handler(request, reply) {
      if (request.query.lane !== undefined) requireLaneInScope(request.scope, request.query.lane);
      if (open.size >= MAX_STREAMS) throw new TooManyRequestsError('too many streams of events are open', 5);
      const ended = new AbortController();
      reply.raw.once('close', () => ended.abort());
      const items = feed.follow({ after: lastEventId(request, request.query.lastEventId), signal: ended.signal });
      // What is wrong at the beginning is a problem of HTTP, not the end of a stream.
      const first = await items.next();
      const stream = new PassThrough();
      const beats = setInterval(() => {
        const beat = () => void stream.write(': beat\n\n');
        // While PostgreSQL is away nobody can be asked; whoever may no longer listen is cut off.
        identify(request, context).then(beat, (error: unknown) => {
          if (error instanceof UnavailableError) beat();
          else ended.abort();
        });
      }, context.beatIntervalMs);
      open.add(ended);
      stream.once('close', () => {
        clearInterval(beats);
        open.delete(ended);
        ended.abort();
      });
      void pump(first, items, stream, {
        isWanted: wanted(request.query.lane, request.scope),
        signal: ended.signal,
      }).catch((error: unknown) => {
        request.log.error({ err: error }, 'a stream of events ended');
        stream.destroy();
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
  first: IteratorResult<FeedItem, void>,
  items: AsyncGenerator<FeedItem, void>,
  stream: PassThrough,
  { isWanted, signal }: { readonly isWanted: (entry: LogEntry) => boolean; readonly signal: AbortSignal },
): Promise<void> {
  for (let next = first; !next.done; next = await items.next()) {
    const text = asText(next.value, isWanted);
    if (text === undefined || stream.write(text)) continue;
    await once(stream, 'drain', { signal }).catch(() => undefined);
  }
  stream.end();
}

/** What is about all lanes is about each of them. */
function wanted(lane: string | undefined, scope: Scope | null): (entry: LogEntry) => boolean {
  return (entry) =>
    (lane === undefined || entry.lane === lane || entry.lane === ALL_LANES) && seesLogEntry(scope, entry);
}

function asText(item: FeedItem, isWanted: (entry: LogEntry) => boolean): string | undefined {
  if (item.event !== 'log') return `event: ${item.event}\nid: ${item.id}\ndata: {}\n\n`;
  const { entry } = item;
  if (!isWanted(entry)) return undefined;
  return `event: log\nid: ${item.id}\ndata: ${JSON.stringify(entry)}\n\n`;
}
