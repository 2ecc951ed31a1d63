/** `aol logs --follow`: the newest rows, then each new one as it is committed. */

import type { AolClient, LogFilter } from '../client/client.ts';
import type { LogEntry } from '../contracts/http/log.ts';
import { searchWords } from '../contracts/http/primitives.ts';
import type { CliContext } from './context.ts';
import { levelWord, paint } from './terminal/paint.ts';
import { oneLine } from './terminal/text.ts';
import { when, withLocalTimes } from './terminal/time.ts';
import { padToWidth } from './terminal/width.ts';

/** Goes on until the signal ends it. The stream is opened before the newest rows are read, so that none falls between. */
export async function followLogs(
  { io, json }: CliContext,
  client: AolClient,
  filter: LogFilter,
  limit: number,
): Promise<undefined> {
  const print = (entry: LogEntry) => io.out(json ? JSON.stringify(entry) : logLine(entry, io.color));
  const shown = new Set<number>();
  let isFirst = true;
  for await (const event of client.events({ lane: filter.lane, signal: io.signal })) {
    if (event.kind === 'log') {
      if (!shown.has(event.log.id) && fits(event.log, filter)) print(event.log);
    } else if (event.kind === 'lost') {
      io.talk(`aol: ${event.reason}; trying again`);
    } else if (event.kind === 'reset') {
      io.talk('aol: rows were pruned meanwhile; going on with what is new');
    } else if (isFirst) {
      isFirst = false;
      const { items } = await client.listLogs({ ...filter, limit });
      for (const entry of items.toReversed()) {
        shown.add(entry.id);
        print(entry);
      }
    } else {
      io.talk('aol: connected again');
    }
  }
  return undefined;
}

/** The server's filters, on rows of the stream. */
function fits(entry: LogEntry, { actionId, level, event, actor, q }: LogFilter): boolean {
  const isOneOf = (word: string, wanted: string | readonly string[] | undefined) =>
    wanted === undefined || (typeof wanted === 'string' ? word === wanted : wanted.includes(word));
  const text = () => `${entry.message}\n${JSON.stringify(entry.detail)}`.toLowerCase();
  return (
    isOneOf(entry.actionId ?? '', actionId) &&
    isOneOf(entry.level, level) &&
    isOneOf(entry.event, event) &&
    isOneOf(entry.actor, actor) &&
    (q === undefined || searchWords(q).every((word) => text().includes(word.toLowerCase())))
  );
}

export function logLine(entry: LogEntry, isColored: boolean): string {
  const { text, tone } = levelWord(entry.level);
  const attempt = entry.attempt === null ? '' : ` (attempt ${entry.attempt})`;
  return [
    when(entry.at),
    paint(padToWidth(text, 7), tone, isColored),
    entry.lane,
    entry.event,
    ...(entry.actionId === null ? [] : [entry.actionId]),
    `${entry.actor}:`,
    `${oneLine(withLocalTimes(entry.message), 200)}${attempt}`,
  ].join(' ');
}
