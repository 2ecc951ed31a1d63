import { type Command, Option } from 'commander';
import type { AolClient } from '../../client/client.ts';
import { DUE_STATUSES } from '../../contracts/http/action.ts';
import type { CancelManyInput } from '../../contracts/http/bulk.ts';
import type { DlqAnswer } from '../../contracts/http/decisions.ts';
import { counted } from '../../contracts/words.ts';
import { type CliContext, ExitCode, type Runner } from '../context.ts';
import { UsageError } from '../errors.ts';
import { confirm } from '../terminal/confirm.ts';
import { listOf, type Moment, moment, said } from '../terminal/options.ts';
import { withProgress } from '../terminal/progress.ts';

interface Options {
  readonly all: boolean;
  readonly lane?: string;
  readonly type?: string;
  readonly status?: (typeof DUE_STATUSES)[number][];
  readonly account?: string;
  readonly createdBy?: string;
  readonly q?: string;
  readonly dueFrom?: Moment;
  readonly dueTo?: Moment;
  readonly reason?: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** `aol actions cancel ID`, of several, or of all that wait and fit. */
export function registerCancel(actions: Command, run: Runner): void {
  actions
    .command('cancel [ids...]')
    .description(
      'cancel waiting actions; a single running action is asked to stop. Several, or a filter: it counts and asks first',
    )
    .option('--all', 'all waiting actions', false)
    .option('--lane <lane>', 'only of this lane')
    .option('--type <type>', 'only of this type')
    .addOption(
      new Option('--status <statuses>', `only these, separated by commas: ${DUE_STATUSES.join(', ')}`).argParser(
        listOf(DUE_STATUSES),
      ),
    )
    .option('--account <name>', 'only of this account')
    .option('--created-by <name>', 'only queued by this token')
    .option('--q <words>', 'only with each of these words in the payload, the last error or the beginning of the key')
    .option('--due-from <time>', 'due at or after this time, e.g. "2026-12-01 09:00 Europe/Berlin"', moment)
    .option('--due-to <time>', 'due before this time', moment)
    .option('--reason <text>', 'for the log')
    .option('--dry-run', 'only count', false)
    .option('--yes', 'do not ask', false)
    .action((ids: string[], options: Options) => run((context) => cancel(context, ids, options)));
}

async function cancel(context: CliContext, ids: readonly string[], options: Options): Promise<number | undefined> {
  const { all, dryRun, yes, reason, dueFrom, dueTo, ...rest } = options;
  const filter = { ...rest, dueFrom: said(context.io, dueFrom), dueTo: said(context.io, dueTo) };
  const isFiltered = all || Object.values(filter).some((value) => value !== undefined);
  if (ids.length > 0 === isFiltered) throw new UsageError('name actions: ids, a filter, or --all');
  const client = await context.client();
  const [only, ...more] = ids;
  if (only !== undefined && more.length === 0 && !dryRun) return cancelOne(context, client, only, reason);
  const selection = ids.length > 0 ? { ids: [...ids] } : { filter };
  const preview = await client.cancelMany({ ...selection, dryRun: true });
  if (dryRun) return report(context, preview);
  if (preview.matched > 0 && !yes) {
    const which = counted(preview.matched, 'action');
    await confirm(context.io, { what: `${which} that wait are cancelled for good`, question: `Cancel ${which}?` });
  }
  return report(context, await cancelAll(context, client, { ...selection, reason }));
}

async function cancelOne(
  { print }: CliContext,
  client: AolClient,
  id: string,
  reason: string | undefined,
): Promise<undefined> {
  const action = await client.cancel(id, reason === undefined ? {} : { reason });
  print(action, () =>
    action.status === 'CANCELLED' ? `${action.id} is cancelled` : `${action.id} runs; it was asked to stop`,
  );
  return undefined;
}

/** A call takes 1,000. */
function cancelAll({ io }: CliContext, client: AolClient, request: CancelManyInput): Promise<DlqAnswer> {
  return withProgress(io, 'cancel', async ({ at }) => {
    let total = await client.cancelMany(request);
    for (let last = total; last.remaining > 0 && last.changed > 0; ) {
      at(total.changed, total.matched);
      last = await client.cancelMany(request);
      total = { ...total, changed: total.changed + last.changed, remaining: last.remaining };
    }
    return total;
  });
}

function report({ print }: CliContext, answer: DlqAnswer): number | undefined {
  const refused = answer.refused.map(
    ({ id, currentStatus }) => `\n${id}: ${currentStatus ?? 'there is no such action'}`,
  );
  print(answer, () => {
    if (answer.dryRun) return `${counted(answer.matched, 'action')} would be cancelled${refused.join('')}`;
    const left = answer.remaining > 0 ? `, ${answer.remaining} left` : '';
    return `${counted(answer.changed, 'action')} cancelled${left}${refused.join('')}`;
  });
  return answer.refused.length === 0 ? undefined : ExitCode.refused;
}
