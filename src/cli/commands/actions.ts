import { Option } from 'commander';
import type { ActionFilter } from '../../client/client.ts';
import type { Action, ActionList, ActionSummary, ActionSummaryList } from '../../contracts/http/action.ts';
import { MAX_PAGE_SIZE } from '../../domain/limits.ts';
import { ACTION_MODES, ACTION_STATUSES, type ActionMode, type ActionStatus } from '../../domain/states.ts';
import { type CliContext, pageWords, type Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { confirm } from '../terminal/confirm.ts';
import { listOf, wholeNumber } from '../terminal/options.ts';
import { modeWord, modeWords, statusWord, statusWords, textOf } from '../terminal/paint.ts';
import { fields, oneLine, since, table } from '../terminal/text.ts';

interface ListOptions {
  readonly status?: readonly ActionStatus[];
  readonly type?: string;
  readonly lane?: string;
  readonly mode?: ActionMode;
  readonly q?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** `aol actions list|show|cancel|replay|resolve` */
export const registerActions: Register = (program, run) => {
  const actions = program.command('actions').description('look at actions, decide about them');

  actions
    .command('list')
    .description('newest first')
    .option(
      '--status <statuses>',
      `only these, parted by commas: ${ACTION_STATUSES.join(', ')}`,
      listOf(ACTION_STATUSES),
    )
    .option('--type <type>', 'only these')
    .option('--lane <lane>', 'only these')
    .addOption(new Option('--mode <mode>', 'only these').choices(ACTION_MODES))
    .option('--q <text>', 'only what has this id, a key that begins so, or these words in payload or last error')
    .option('--limit <n>', 'how many', wholeNumber(1, MAX_PAGE_SIZE), 20)
    .option('--cursor <cursor>', 'go on where an earlier list ended')
    .action((options: ListOptions) =>
      run(async (context) => {
        const page = await listPage(context, { ...options });
        context.print(page, () => actionTable(page.items, context.io.color));
        pageWords(context, page);
        return undefined;
      }),
    );

  actions
    .command('show <id>')
    .description('one action with its artifact, attempts and link')
    .action((id: string) =>
      run(async ({ io, client, print }) => {
        const action = await (await client()).getAction(id);
        print(action, () => actionText(action, io.color));
        return undefined;
      }),
    );

  actions
    .command('cancel <id>')
    .description('cancel what waits; ask it of what runs')
    .option('--reason <text>', 'for the log')
    .action((id: string, options: { reason?: string }) =>
      run(async ({ client, print }) => {
        const action = await (await client()).cancel(id, options);
        print(action, () =>
          action.status === 'CANCELLED' ? `${action.id} is cancelled` : `${action.id} runs; it was asked to stop`,
        );
        return undefined;
      }),
    );

  actions
    .command('replay <id>')
    .description('give a dead letter a new round of attempts under the same key')
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
    .description('say whether an unconfirmed effect was sent')
    .addOption(new Option('--sent', 'it was: SUCCESS').conflicts('notSent'))
    .option('--not-sent', 'it was not: a new round of attempts, which sends it')
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
  if (!sent && !notSent) throw new UsageError('say what became of it: --sent or --not-sent');
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
  return `${id} is ${status}${waiting === null ? '' : `; ${waiting}`}`;
}

function requeued({ id, waiting }: Action): string {
  return `${id} is in the queue again${waiting === null ? '' : `; ${waiting}`}`;
}

export function actionTable(items: readonly Omit<ActionSummary, 'summary'>[], isColored: boolean): string {
  const rows = items.map((a) => [
    a.id,
    statusWord(a.status),
    modeWord(a.mode),
    a.lane,
    a.type,
    oneLine(a.idempotencyKey, 40),
    since(a.createdAt),
  ]);
  return table(['ID', 'STATUS', 'MODE', 'LANE', 'TYPE', 'KEY', 'AGE'], rows, isColored);
}

export function actionText(action: Action, isColored: boolean): string {
  const { approval } = action;
  const text = fields(
    [
      ['id', action.id],
      ['status', statusWords(action.status, action.mode)],
      ['mode', modeWords(action.mode)],
      ['type', action.type],
      ['lane', action.lane],
      ['key', action.idempotencyKey],
      ['payload', JSON.stringify(action.payload)],
      ['priority', action.priority],
      ['due', action.runAt],
      ['waiting', action.waiting],
      ['attempts', `${action.attempts} (at most ${action.maxAttempts} a round)`],
      ['artifact sha256', action.artifactSha256],
      ['artifact uri', action.artifactUri],
      ['approval', approvalText(approval)],
      ['promoted from', action.promotedFrom],
      ['receipt', action.receipt === null ? null : JSON.stringify(action.receipt)],
      ['dead letter', action.dlqReason],
      ['last error', action.lastError],
      ['cancel', action.cancelRequested && action.finishedAt === null ? 'asked for' : null],
      ['created', `${action.createdAt} by ${action.createdBy}`],
      ['finished', action.finishedAt],
      ['temporal', action.temporal.url],
    ],
    isColored,
  );
  const next = nextSteps(action);
  return next.length === 0 ? text : `${text}\n\n${next.join('\n')}`;
}

function approvalText({ needed, by, at, expires }: Action['approval']): string | null {
  if (by !== null) return `by ${by}${at === null ? '' : ` at ${at}`}`;
  if (!needed) return null;
  return `needed${expires === null ? '' : `, until ${expires}`}`;
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
      ];
    case 'UNCONFIRMED':
      return [...proof, `was sent: aol actions resolve ${id} --sent`, `was not:  aol actions resolve ${id} --not-sent`];
    case 'DLQ':
      return [...proof, `again:    aol actions replay ${id}`, `give up:  aol dlq clear ${id}`];
    case 'SUCCESS':
      return mode === 'PROOF' ? proof : [];
    default:
      return [];
  }
}

/** One line about an action, for whoever follows it. */
export function actionLine(action: Action): string {
  const status = textOf(statusWords(action.status, action.mode));
  return `${action.id} ${action.mode} ${status}${action.waiting === null ? '' : ` (${action.waiting})`}`;
}
