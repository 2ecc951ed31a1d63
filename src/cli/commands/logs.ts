import { Option } from 'commander';
import type { AolClient, LogFilter } from '../../client/client.ts';
import type { LogEntry } from '../../contracts/http/log.ts';
import { LOG_EVENTS, LOG_LEVELS, type LogEvent, type LogLevel } from '../../domain/events.ts';
import { type CliContext, pageWords, type Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { followLogs } from '../follow-logs.ts';
import { listOf, type Moment, moment, said, wholeNumber } from '../terminal/options.ts';
import { type Cell, levelWord } from '../terminal/paint.ts';
import { oneLine, table } from '../terminal/text.ts';
import { clock, withLocalTimes, zoned } from '../terminal/time.ts';

interface Options {
  readonly action?: string;
  readonly lane?: string;
  readonly level?: LogLevel;
  readonly event?: readonly LogEvent[];
  readonly actor?: string;
  readonly q?: string;
  readonly from?: Moment;
  readonly to?: Moment;
  readonly people?: true;
  readonly csv: boolean;
  readonly limit: number;
  readonly cursor?: string;
  readonly follow: boolean;
}

const PAGE_SIZE = 200;

/** `aol logs`: the log of everything, or of one action; with `--follow` live. */
export const registerLogs: Register = (program, run) => {
  program
    .command('logs [actionId]')
    .description('show the log: what people did and what became of each action; for one action from its beginning')
    .option('--action <id>', 'only of this action')
    .option('--lane <lane>', 'only of this lane; *: only what concerns all lanes')
    .addOption(new Option('--level <level>', 'only this level and higher').choices(LOG_LEVELS))
    .option('--event <events>', `only these, separated by commas: ${LOG_EVENTS.join(', ')}`, listOf(LOG_EVENTS))
    .option('--actor <name>', 'only what this person or program did')
    .option('--q <words>', 'only with each of these words in the message or the detail')
    .option('--from <time>', 'at or after this time, e.g. "2026-12-01 09:00 Europe/Berlin"', moment)
    .option('--to <time>', 'before this time', moment)
    .option('--people', 'only what people did')
    .option('--csv', 'all matching rows, newest first, as CSV with times in UTC', false)
    .option('--limit <n>', 'how many of the newest rows', wholeNumber(1, PAGE_SIZE), 50)
    .option('--cursor <cursor>', 'continue where an earlier list ended')
    .option('--follow', 'keep printing new rows, until Ctrl+C', false)
    .action((actionId: string | undefined, options: Options) => run((context) => logs(context, actionId, options)));
};

async function logs(context: CliContext, argument: string | undefined, options: Options): Promise<undefined> {
  if (argument !== undefined && options.action !== undefined && argument !== options.action) {
    throw new UsageError('name the action only once');
  }
  const { limit, cursor, follow, level, csv } = options;
  if (follow && (csv || options.from || options.to || options.people)) {
    throw new UsageError('--follow prints only new rows: leave --from, --to, --people and --csv out');
  }
  if (csv && (context.json || cursor !== undefined))
    throw new UsageError('--csv prints all rows as CSV: leave --json and --cursor out');
  const filter: LogFilter = {
    lane: options.lane,
    actionId: argument ?? options.action,
    level: level === undefined ? undefined : LOG_LEVELS.slice(LOG_LEVELS.indexOf(level)),
    event: options.event,
    actor: options.actor,
    q: options.q,
    from: said(context.io, options.from),
    to: said(context.io, options.to),
    people: options.people,
  };
  const client = await context.client();
  if (csv) return printCsv(context, await client.exportLogs(filter, context.io.signal));
  if (follow) return followLogs(context, client, filter, limit);
  const { actionId, ...conditions } = filter;
  const isWhole = cursor === undefined && Object.values(conditions).every((condition) => condition === undefined);
  if (actionId !== undefined && isWhole) {
    const all = await logsOfAction(client, actionId);
    context.print(all, () => logTable(all.items, { ofOneAction: true, isColored: context.io.color }));
    return undefined;
  }
  const page = await client.listLogs({ ...filter, limit, cursor });
  // The newest stands last, as in every log.
  context.print(page, () => logTable(page.items.toReversed(), { ofOneAction: false, isColored: context.io.color }));
  pageWords(context, page);
  return undefined;
}

async function printCsv({ io }: CliContext, file: ReadableStream<Uint8Array>): Promise<undefined> {
  if (io.isOutTerminal) await showCsv(io, file);
  else for await (const chunk of file) io.outBytes(chunk);
  return undefined;
}

/** Whole rows, wherever the pieces part in which they come; a terminal's lines end without CR. */
async function showCsv(io: CliContext['io'], file: ReadableStream<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of file) {
    const rows = (rest + decoder.decode(chunk, { stream: true })).split('\r\n');
    rest = rows.pop() ?? '';
    if (rows.length > 0) io.out(rows.join('\n'));
  }
  if (rest !== '') io.out(rest);
}

async function logsOfAction(client: AolClient, actionId: string) {
  const items: LogEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.getLogs(actionId, { limit: PAGE_SIZE, cursor });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return { items, nextCursor: null, total: items.length, totalIsExact: true };
}

function logTable(
  items: readonly LogEntry[],
  { ofOneAction, isColored }: { readonly ofOneAction: boolean; readonly isColored: boolean },
): string {
  const where = ofOneAction ? [] : ['LANE', 'ACTION', 'WHAT'];
  const rows = items.map((entry): Cell[] => [
    clock(entry.at),
    levelWord(entry.level),
    entry.event,
    entry.attempt === null ? '-' : String(entry.attempt),
    entry.actor,
    ...(ofOneAction ? [] : [entry.lane, entry.actionId ?? '-', oneLine(entry.summary ?? '-', 50)]),
    withLocalTimes(entry.message),
  ]);
  return table([zoned('AT'), 'LEVEL', 'EVENT', 'ATTEMPT', 'ACTOR', ...where, 'MESSAGE'], rows, isColored);
}
