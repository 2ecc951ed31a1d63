import { Option } from 'commander';
import type { ActionFilter } from '../../client/client.ts';
import {
  type Action,
  type ActionList,
  type ActionSummary,
  type ActionSummaryList,
  LIST_ORDERS,
} from '../../contracts/http/action.ts';
import { MAX_PAGE_SIZE } from '../../domain/limits.ts';
import { ACTION_MODES, ACTION_STATUSES, type ActionMode, type ActionStatus } from '../../domain/states.ts';
import { type CliContext, pageWords, type Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { confirm } from '../terminal/confirm.ts';
import { durationMs, listOf, type Moment, moment, said, wholeNumber } from '../terminal/options.ts';
import { modeWord, modeWords, statusWord, statusWords, textOf } from '../terminal/paint.ts';
import { fields, oneLine, since, table } from '../terminal/text.ts';
import { clock, when, withLocalTimes, zoned } from '../terminal/time.ts';
import { waitForEnd } from '../wait.ts';
import { registerCancel } from './cancel.ts';

interface ListOptions {
  readonly status?: readonly ActionStatus[];
  readonly type?: string;
  readonly lane?: string;
  readonly mode?: ActionMode;
  readonly q?: string;
  readonly account?: string;
  readonly createdBy?: string;
  readonly dueFrom?: Moment;
  readonly dueTo?: Moment;
  readonly createdFrom?: Moment;
  readonly createdTo?: Moment;
  readonly order?: (typeof LIST_ORDERS)[number];
  readonly limit: number;
  readonly cursor?: string;
}

/** `aol actions list|show|wait|cancel|replay|resolve` */
export const registerActions: Register = (program, run) => {
  const actions = program.command('actions').description('list and show actions, decide about them');

  actions
    .command('list')
    .description('list actions, newest first unless --order says otherwise')
    .option(
      '--status <statuses>',
      `only these, separated by commas: ${ACTION_STATUSES.join(', ')}`,
      listOf(ACTION_STATUSES),
    )
    .option('--type <type>', 'only these')
    .option('--lane <lane>', 'only these')
    .addOption(new Option('--mode <mode>', 'only these').choices(ACTION_MODES))
    .option(
      '--q <words>',
      'only with this id, or with each of these words in the payload, the last error or the beginning of the key',
    )
    .option('--account <name>', 'only of this account')
    .option('--created-by <name>', 'only queued by this token')
    .option('--due-from <time>', 'due at or after this time, e.g. "2026-12-01 09:00 Europe/Berlin"', moment)
    .option('--due-to <time>', 'due before this time', moment)
    .option('--created-from <time>', 'queued at or after this time', moment)
    .option('--created-to <time>', 'queued before this time', moment)
    .addOption(
      new Option(
        '--order <order>',
        'due: waiting actions, the earliest first; expires: the approval that expires first',
      ).choices(LIST_ORDERS),
    )
    .option('--limit <n>', 'how many', wholeNumber(1, MAX_PAGE_SIZE), 20)
    .option('--cursor <cursor>', 'continue where an earlier list ended')
    .action((options: ListOptions) =>
      run(async (context) => {
        const { dueFrom, dueTo, createdFrom, createdTo, ...others } = options;
        const page = await listPage(context, {
          ...others,
          dueFrom: said(context.io, dueFrom),
          dueTo: said(context.io, dueTo),
          createdFrom: said(context.io, createdFrom),
          createdTo: said(context.io, createdTo),
        });
        context.print(page, () => actionTable(page.items, context.io.color));
        pageWords(context, page);
        return undefined;
      }),
    );

  actions
    .command('show <id>')
    .description('show one action with its artifact, attempts and link')
    .action((id: string) =>
      run(async ({ io, client, print }) => {
        const action = await (await client()).getAction(id);
        print(action, () => actionText(action, io.color));
        return undefined;
      }),
    );

  actions
    .command('wait <id>')
    .description('wait until it has ended or needs a person; the exit code says which')
    .option('--for <time>', 'wait at most this long: 30s, 30m, 2h', durationMs)
    .action((id: string, options: { for?: number }) =>
      run(async (context) => {
        const client = await context.client();
        const waited = await waitForEnd(context, client, await client.getAction(id), options.for);
        context.print(waited.action, () => actionText(waited.action, context.io.color));
        return waited.exitCode;
      }),
    );

  registerCancel(actions, run);

  actions
    .command('replay <id>')
    .description('try a dead letter again, under the same key')
    .option('--reason <text>', 'for the log')
    .action((id: string, options: { reason?: string }) =>
      run(async ({ client, print }) => {
        const action = await (await client()).replay(id, options);
        print(action, () => requeued(action));
        return undefined;
      }),
    );

  actions
    .command('resolve <id>')
    .description('record whether an unconfirmed effect was sent')
    .addOption(new Option('--sent', 'it was sent: SUCCESS').conflicts('notSent'))
    .option('--not-sent', 'it was not sent: AOL tries again and sends it')
    .option('--reason <text>', 'for the log')
    .option('--yes', 'do not ask', false)
    .action((id: string, options: ResolveOptions) => run((context) => resolve(context, id, options)));
};

/** A page of actions. Payloads are asked for only where they are printed. */
export async function listPage(
  { client: connect, json }: CliContext,
  filter: ActionFilter,
): Promise<ActionList | ActionSummaryList> {
  const client = await connect();
  return json ? client.listActions(filter) : client.listActionSummaries(filter);
}

interface ResolveOptions {
  readonly sent?: true;
  readonly notSent?: true;
  readonly reason?: string;
  readonly yes: boolean;
}

async function resolve(
  { io, client, print }: CliContext,
  id: string,
  { sent, notSent, reason, yes }: ResolveOptions,
): Promise<undefined> {
  if (!sent && !notSent) throw new UsageError('say whether it was sent: --sent or --not-sent');
  const outcome = sent ? 'sent' : 'not_sent';
  if (!yes) await confirm(io, RESOLVE_WORDS[outcome]);
  const action = await (await client()).resolve(id, { outcome, reason });
  print(action, () => (outcome === 'sent' ? `${action.id} is ${action.status}` : requeued(action)));
  return undefined;
}

const RESOLVE_WORDS = {
  sent: { what: 'resolve --sent ends the action as SUCCESS on your word, for good', question: 'Was it sent?' },
  not_sent: {
    what: 'resolve --not-sent sends it again; if it had been sent, it is sent twice',
    question: 'Was it NOT sent?',
  },
} as const;

/** After a decision: what the action is now, and why it waits if it does. */
export function statusText({ id, status, waiting }: Action): string {
  return `${id} is ${status}${waiting === null ? '' : `; ${withLocalTimes(waiting)}`}`;
}

function requeued({ id, waiting }: Action): string {
  return `${id} is in the queue again${waiting === null ? '' : `; ${withLocalTimes(waiting)}`}`;
}

export function actionTable(items: readonly Omit<ActionSummary, 'summary'>[], isColored: boolean): string {
  const rows = items.map((a) => [
    a.id,
    statusWord(a.status),
    modeWord(a.mode),
    a.lane,
    a.type,
    oneLine(a.idempotencyKey, 40),
    a.status === 'PENDING' || a.status === 'AWAITING_APPROVAL' ? clock(a.runAt) : '-',
    since(a.createdAt),
  ]);
  return table(['ID', 'STATUS', 'MODE', 'LANE', 'TYPE', 'KEY', zoned('DUE'), 'AGE'], rows, isColored);
}

export function awaitsApproval({ approval }: Action): boolean {
  return approval.needed && approval.at === null;
}

export function actionText(action: Action, isColored: boolean): string {
  const { approval } = action;
  const text = fields(
    [
      ['id', action.id],
      ['status', statusWords(action.status, action.mode)],
      ['mode', modeWords(action.mode, awaitsApproval(action))],
      ['type', action.type],
      ['lane', action.lane],
      ['key', action.idempotencyKey],
      ['payload', JSON.stringify(action.payload)],
      ['priority', action.priority],
      ['due', when(action.runAt)],
      ['waiting', action.waiting && withLocalTimes(action.waiting)],
      ['attempts', `${action.attempts} (at most ${action.maxAttempts} a round)`],
      ['artifact sha256', action.artifactSha256],
      ['artifact uri', action.artifactUri],
      ['approval', approvalText(approval)],
      ['changes requested', changesText(approval)],
      ['promoted from', action.promotedFrom],
      ['in the place of', action.revises],
      ['in its place', action.revisedBy],
      ['receipt', action.receipt === null ? null : JSON.stringify(action.receipt)],
      ['dead letter', action.dlqReason],
      ['last error', action.lastError],
      ['cancel', action.cancelRequested && action.finishedAt === null ? 'asked for' : null],
      ['created', `${when(action.createdAt)} by ${action.createdBy}`],
      ['finished', when(action.finishedAt)],
      ['temporal', action.temporal.url],
    ],
    isColored,
  );
  const next = [...expiresFirstText(action), ...nextSteps(action)];
  return next.length === 0 ? text : `${text}\n\n${next.join('\n')}`;
}

/** What asks for an approval that runs out before its time. */
export function expiresFirstText({ approvalExpiresFirst, approval, runAt }: Action): string[] {
  if (!approvalExpiresFirst) return [];
  const until = approval.expires === null ? 'AOL_APPROVAL_TTL' : when(approval.expires);
  return [`beware:   its approval runs out (${until}) before it is due (${when(runAt)}): have it approved by then`];
}

function changesText({ changesRequested }: Action['approval']): string | null {
  if (changesRequested === null) return null;
  const { by, at, reason } = changesRequested;
  return `${reason} (by ${by} at ${when(at)})`;
}

function approvalText({ needed, by, at, expires }: Action['approval']): string | null {
  if (by !== null) return `by ${by}${at === null ? '' : ` at ${when(at)}`}`;
  if (!needed) return null;
  return `needed${expires === null ? '' : `, until ${when(expires)}`}`;
}

/** What a person may do about what waits for one. */
function nextSteps({ id, status, mode, artifactSha256 }: Action): string[] {
  const proof = artifactSha256 === null ? [] : [`see it:   aol artifacts show ${id}`];
  switch (status) {
    case 'AWAITING_APPROVAL':
      return [
        ...proof,
        `send it:  aol approve ${id} --sha256 ${artifactSha256 ?? 'HASH'}`,
        `or not:   aol reject ${id}`,
        `or other: aol revise ${id} --payload JSON`,
      ];
    case 'UNCONFIRMED':
      return [...proof, `was sent: aol actions resolve ${id} --sent`, `was not:  aol actions resolve ${id} --not-sent`];
    case 'DLQ':
      return [
        ...proof,
        `again:    aol actions replay ${id}`,
        `changed:  aol revise ${id} --payload JSON`,
        `give up:  aol dlq clear ${id}`,
      ];
    case 'SUCCESS':
      return mode === 'PROOF' ? proof : [];
    default:
      return [];
  }
}

/** One line about an action, for whoever follows it. */
export function actionLine(action: Action): string {
  const status = textOf(statusWords(action.status, action.mode));
  return `${action.id} ${action.mode} ${status}${action.waiting === null ? '' : ` (${withLocalTimes(action.waiting)})`}`;
}
