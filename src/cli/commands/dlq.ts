import { type Command, Option } from 'commander';
import type { AolClient } from '../../client/client.ts';
import type { ActionSummary } from '../../contracts/http/action.ts';
import type { DlqGroup } from '../../contracts/http/bulk.ts';
import type { DlqAnswer, DlqFilter, DlqInput } from '../../contracts/http/decisions.ts';
import { counted, knownWord } from '../../contracts/words.ts';
import { MAX_PAGE_SIZE } from '../../domain/limits.ts';
import { DLQ_REASONS, type DlqReason } from '../../domain/states.ts';
import { type CliContext, ExitCode, pageWords, type Register, type Runner } from '../context.ts';
import { UsageError } from '../errors.ts';
import { confirm } from '../terminal/confirm.ts';
import { type Moment, moment, said, wholeNumber } from '../terminal/options.ts';
import { withProgress } from '../terminal/progress.ts';
import { oneLine, since, table } from '../terminal/text.ts';
import { clock, withLocalTimes, zoned } from '../terminal/time.ts';
import { listPage } from './actions.ts';

interface ListOptions {
  readonly type?: string;
  readonly lane?: string;
  readonly limit: number;
  readonly cursor?: string;
}

interface DecideOptions {
  readonly all: boolean;
  readonly lane?: string;
  readonly type?: string;
  readonly dlqReason?: DlqReason;
  readonly account?: string;
  readonly cause?: string;
  readonly like?: string;
  readonly before?: Moment;
  readonly reason?: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

interface Verb {
  readonly name: 'replay' | 'clear';
  readonly done: string;
  readonly description: string;
  readonly what: string;
  /** Whether ids that were typed are enough, without a question. */
  readonly trustsIds: boolean;
  call(client: AolClient, request: DlqInput): Promise<DlqAnswer>;
}

const REPLAY: Verb = {
  name: 'replay',
  done: 'replayed',
  description: 'try dead letters again, under the same keys',
  what: 'replay queues them again',
  trustsIds: true,
  call: (client, request) => client.replayDeadLetters(request),
};

const CLEAR: Verb = {
  name: 'clear',
  done: 'cleared',
  description: 'cancel dead letters for good',
  what: 'clear cancels them for good',
  trustsIds: false,
  call: (client, request) => client.clearDeadLetters(request),
};

/** `aol dlq list|groups|replay|clear` */
export const registerDlq: Register = (program, run) => {
  const dlq = program.command('dlq').description('dead letters: list, replay, clear');

  dlq
    .command('list')
    .description('newest first')
    .option('--lane <lane>', 'only these')
    .option('--type <type>', 'only these')
    .option('--limit <n>', 'how many', wholeNumber(1, MAX_PAGE_SIZE), 20)
    .option('--cursor <cursor>', 'continue where an earlier list ended')
    .action((options: ListOptions) =>
      run(async (context) => {
        const page = await listPage(context, { ...options, status: 'DLQ' });
        context.print(page, () =>
          table(['ID', 'LANE', 'TYPE', 'REASON', 'ATTEMPTS', 'AGE', 'LAST ERROR'], page.items.map(row)),
        );
        pageWords(context, page);
        return undefined;
      }),
    );

  dlq
    .command('groups')
    .description('dead letters grouped by cause, largest group first; replay or clear a group with --cause or --like')
    .option('--lane <lane>', 'only these')
    .option('--type <type>', 'only these')
    .action((options: { readonly lane?: string; readonly type?: string }) =>
      run(async ({ io, client, print }) => {
        const groups = await (await client()).listDeadLetterGroups(options);
        print(groups, () => groupTable(groups.items));
        if (!groups.isComplete) io.talk('there are too many dead letters to group all of them: name a lane or a type');
        return undefined;
      }),
    );

  for (const verb of [REPLAY, CLEAR]) registerVerb(dlq, run, verb);
};

function row({ id, lane, type, dlqReason, attempts, updatedAt, lastError }: Omit<ActionSummary, 'summary'>): string[] {
  return [
    id,
    lane,
    type,
    dlqReason ?? '-',
    String(attempts),
    since(updatedAt),
    oneLine(withLocalTimes(lastError ?? '-'), 80),
  ];
}

function groupTable(items: readonly DlqGroup[]): string {
  const rows = items.map(({ count: many, lane, type, account, dlqReason, newestAt, cause, sampleId }) => [
    String(many),
    lane,
    type,
    account ?? '-',
    dlqReason,
    clock(newestAt),
    sampleId,
    oneLine(cause || '-', 100),
  ]);
  return table(['COUNT', 'LANE', 'TYPE', 'ACCOUNT', 'REASON', zoned('NEWEST'), 'LIKE', 'CAUSE'], rows);
}

/** The group that a dead letter stands for. */
async function groupLike(client: AolClient, id: string): Promise<DlqFilter> {
  const { items } = await client.listDeadLetterGroups();
  const group = items.find(({ sampleId }) => sampleId === id);
  if (!group)
    throw new UsageError(
      `${id} is not the id of a group: \`aol dlq groups\` shows one for each group in its column LIKE`,
    );
  const { lane, type, dlqReason, account, cause } = group;
  return { lane, type, dlqReason: knownWord(DLQ_REASONS, dlqReason), account: account ?? undefined, cause };
}

function registerVerb(dlq: Command, run: Runner, verb: Verb): void {
  dlq
    .command(`${verb.name} [ids...]`)
    .description(verb.description)
    .option('--all', 'all dead letters', false)
    .option('--lane <lane>', 'only of this lane')
    .option('--type <type>', 'only of this type')
    .addOption(new Option('--dlq-reason <reason>', 'only with this reason').choices(DLQ_REASONS))
    .option('--account <name>', 'only of this account')
    .option('--cause <text>', 'only with this cause, as `aol dlq groups` shows it')
    .option('--like <id>', 'only the group with this id in `aol dlq groups`')
    .option('--before <time>', 'only those from before this time', moment)
    .option('--reason <text>', 'for the log')
    .option('--dry-run', 'only count', false)
    .option('--yes', 'do not ask', false)
    .action((ids: string[], options: DecideOptions) => run((context) => decide(context, verb, ids, options)));
}

async function decide(
  context: CliContext,
  verb: Verb,
  ids: readonly string[],
  options: DecideOptions,
): Promise<number | undefined> {
  const { lane, type, dlqReason, account, cause, like, reason } = options;
  const before = said(context.io, options.before);
  const asked = { lane, type, dlqReason, account, cause, before };
  const isFiltered = Object.values(asked).some((value) => value !== undefined);
  if ([ids.length > 0, like !== undefined, isFiltered || options.all].filter(Boolean).length !== 1) {
    throw new UsageError('name dead letters: ids, --like, a filter, or --all');
  }
  const client = await context.client();
  const filter = like === undefined ? asked : { ...(await groupLike(client, like)), before };
  const selection = ids.length > 0 ? { ids: [...ids] } : { filter };
  const preview = await verb.call(client, { ...selection, dryRun: true });
  if (options.dryRun) return report(context, verb, preview);
  if (preview.matched > 0 && !options.yes && !(ids.length > 0 && verb.trustsIds)) {
    const counted = count(preview.matched);
    await confirm(context.io, {
      what: `${counted} fit, and ${verb.what}`,
      question: `${verb.name} ${counted}: ${verb.what}. Go on?`,
    });
  }
  const answer =
    ids.length > 0
      ? await verb.call(client, { ids: [...ids], reason })
      : await decideAll(context, client, verb, { ...filter, before: before ?? preview.asOf }, reason);
  return report(context, verb, answer);
}

/** A call takes 1,000. The limit in time keeps what fails anew meanwhile from being taken again. */
async function decideAll(
  { io }: CliContext,
  client: AolClient,
  verb: Verb,
  filter: DlqFilter,
  reason: string | undefined,
): Promise<DlqAnswer> {
  return withProgress(io, verb.name, async ({ at }) => {
    let total = await verb.call(client, { filter, reason });
    for (let last = total; last.remaining > 0 && last.changed > 0; ) {
      at(total.changed, total.matched);
      last = await verb.call(client, { filter, reason });
      total = { ...total, changed: total.changed + last.changed, remaining: last.remaining };
    }
    return total;
  });
}

function report(context: CliContext, verb: Verb, answer: DlqAnswer): number | undefined {
  const refused = answer.refused.map(
    ({ id, currentStatus }) => `\n${id}: ${currentStatus ?? 'there is no such action'}`,
  );
  context.print(answer, () =>
    answer.dryRun
      ? `${count(answer.matched)} would be ${verb.done}${refused.join('')}`
      : `${count(answer.changed)} ${verb.done}${answer.remaining > 0 ? `, ${answer.remaining} left` : ''}${refused.join('')}`,
  );
  return answer.refused.length === 0 ? undefined : ExitCode.refused;
}

function count(n: number): string {
  return counted(n, 'dead letter');
}
