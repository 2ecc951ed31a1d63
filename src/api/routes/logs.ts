/** `GET /v1/logs`: the execution log of everything, with the operators' acts in it. */

import { Readable } from 'node:stream';
import { type LogEntry, logListQuerySchema, logListSchema } from '../../contracts/http/log.ts';
import { eachLog, listLogs } from '../../db/look/log-list.ts';
import { lanesToRead } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';
import { csvLine } from '../csv.ts';
import { jsonOr } from '../describe/raw-answer.ts';

export function logRoutes(app: Api, { database, bounds }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/logs',
    config: { problems: [422] },
    schema: {
      summary: 'The log, newest first, as pages; with format=csv all rows that fit as a file',
      querystring: logListQuerySchema,
      response: { 200: jsonOr(logListSchema, 'A page of rows, or all of them as a file', 'text/csv') },
    },
    async handler(request, reply) {
      const { query, scope } = request;
      const lanes = lanesToRead(scope, query.lane);
      if (query.format === 'json') {
        const list = () => listLogs(database, query, lanes);
        return query.q === undefined ? list() : bounds.searches.run(request, list);
      }
      const { limit: _limit, cursor: _cursor, format: _format, ...filter } = query;
      const pages = eachLog(database, filter, lanes);
      // What is wrong at the beginning is a problem of HTTP, not the end of a file.
      const first = await pages.next();
      const file = Readable.from(csv(first.value ?? [], pages), { objectMode: false });
      const leave = bounds.exports.enter(request, () => file.destroy());
      file.once('close', leave);
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="aol-log.csv"')
        .header('cache-control', 'no-store')
        .send(file);
    },
  });
}

const COLUMNS = {
  at: ({ at }) => at,
  event: ({ event }) => event,
  actor: ({ actor }) => actor,
  lane: ({ lane }) => lane,
  action: ({ actionId }) => actionId,
  summary: ({ summary }) => summary ?? null,
  message: ({ message }) => message,
  artifactSha256: ({ artifactSha256, detail }) => artifactSha256 ?? text(detail?.sha256),
  attempt: ({ attempt }) => attempt,
  level: ({ level }) => level,
  id: ({ id }) => id,
} as const satisfies Readonly<Record<string, (entry: LogEntry) => string | number | null>>;

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Rows are read as fast as the file is taken. */
async function* csv(
  first: readonly LogEntry[],
  more: AsyncIterable<readonly LogEntry[]>,
): AsyncGenerator<string, void> {
  yield csvLine(Object.keys(COLUMNS)) + lines(first);
  for await (const entries of more) if (entries.length > 0) yield lines(entries);
}

function lines(entries: readonly LogEntry[]): string {
  return entries.map((entry) => csvLine(Object.values(COLUMNS).map((column) => column(entry)))).join('');
}
