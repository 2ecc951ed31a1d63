import { Option } from 'commander';
import type { AolClient, LogFilter } from '../../client/client.ts';
import type { LogEntry } from '../../contracts/http/log.ts';
import { LOG_EVENTS, LOG_LEVELS, type LogEvent, type LogLevel } from '../../domain/events.ts';
import { type CliContext, pageWords, type Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { followLogs } from '../follow-logs.ts';
import { listOf, wholeNumber } from '../terminal/options.ts';
import { type Cell, levelWord } from '../terminal/paint.ts';
import { table } from '../terminal/text.ts';

interface Options {
  readonly action?: string;
  readonly lane?: string;
  readonly level?: LogLevel;
  readonly event?: readonly LogEvent[];
  readonly actor?: string;
  readonly q?: string;
  readonly limit: number;
  readonly cursor?: string;
  readonly follow: boolean;
}

const PAGE_SIZE = 200;

/** `aol logs`: the log of everything, or of one action; with `--follow` live. */
export const registerLogs: Register = (program, run) => {
  program
    .command('logs [actionId]')
    .description("the log: everybody's acts, and what became of each action; of one action from its beginning")
    .option('--action <id>', 'only of this action')
    .option('--lane <lane>', 'only of this lane; * is what concerns all lanes')
    .addOption(new Option('--level <level>', 'this level and worse').choices(LOG_LEVELS))
    .option('--event <events>', `only these, parted by commas: ${LOG_EVENTS.join(', ')}`, listOf(LOG_EVENTS))
    .option('--actor <name>', 'only what this one did')
    .option('--q <text>', 'only with these words in the message or the detail')
    .option('--limit <n>', 'how many, the newest', wholeNumber(1, PAGE_SIZE), 50)
    .option('--cursor <cursor>', 'go on where an earlier list ended')
    .option('--follow', 'go on with what is written from now on, until Ctrl+C', false)
    .action((actionId: string | undefined, options: Options) => run((context) => logs(context, actionId, options)));
};

async function logs(context: CliContext, argument: string | undefined, options: Options): Promise<undefined> {
  if (argument !== undefined && options.action !== undefined && argument !== options.action) {
    throw new UsageError('one action, please: it is named twice');
  }
  const { limit, cursor, follow, level } = options;
  const filter: LogFilter = {
    lane: options.lane,
    actionId: argument ?? options.action,
    level: level === undefined ? undefined : LOG_LEVELS.slice(LOG_LEVELS.indexOf(level)),
    event: options.event,
    actor: options.actor,
    q: options.q,
  };
  const client = await context.client();
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
  const where = ofOneAction ? [] : ['LANE', 'ACTION'];
  const rows = items.map((entry): Cell[] => [
    entry.at,
    levelWord(entry.level),
    entry.event,
    entry.attempt === null ? '-' : String(entry.attempt),
    entry.actor,
    ...(ofOneAction ? [] : [entry.lane, entry.actionId ?? '-']),
    entry.message,
  ]);
  return table(['AT', 'LEVEL', 'EVENT', 'ATTEMPT', 'ACTOR', ...where, 'MESSAGE'], rows, isColored);
}
