import { type Command, Option } from 'commander';
import type { Action } from '../../contracts/action.ts';
import { ACTION_STATUSES, type ActionStatus } from '../../domain/states.ts';
import { confirm } from '../confirm.ts';
import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { age, fields, oneLine, table } from '../text.ts';

interface ListOptions {
  readonly status?: ActionStatus;
  readonly type?: string;
  readonly lane?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** `aol actions list|show|cancel|replay|resolve|promote`, `aol approve`, `aol reject` */
export const registerActions: Register = (program, run) => {
  const actions = program.command('actions').description('look at actions, decide about them');

  actions
    .command('list')
    .description('newest first')
    .addOption(new Option('--status <status>', 'only these').choices(ACTION_STATUSES))
    .option('--type <type>', 'only these')
    .option('--lane <lane>', 'only these')
    .option('--limit <n>', 'how many', Number, 20)
    .option('--cursor <cursor>', 'go on where an earlier list ended')
    .action((options: ListOptions) =>
      run(async ({ io, client, print }) => {
        const page = await (await client()).listActions({ ...options });
        print(page, () => actionTable(page.items));
        if (page.nextCursor) io.talk(`${page.total} in all; more with --cursor ${page.nextCursor}`);
        return undefined;
      }),
    );

  actions
    .command('show <id>')
    .description('one action with its artifact, attempts and link')
    .action((id: string) =>
      run(async ({ client, print }) => {
        const action = await (await client()).getAction(id);
        print(action, () => actionText(action));
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

  for (const { verb, on, what, words } of ALLOWING) {
    on({ program, actions })
      .command(`${verb} <id>`)
      .description(what)
      .requiredOption('--sha256 <hash>', 'of the artifact that you looked at')
      .option('--reason <text>', 'for the log')
      .option('--yes', 'do not ask', false)
      .action((id: string, { sha256, reason, yes }: { sha256: string; reason?: string; yes: boolean }) =>
        run(async ({ io, client, print }) => {
          if (!yes) await confirm(io, words);
          const action = await (await client())[verb](id, { sha256, reason });
          print(
            action,
            () => `${action.id} is ${action.status}${action.waiting === null ? '' : `; ${action.waiting}`}`,
          );
          return undefined;
        }),
      );
  }

  program
    .command('reject <id>')
    .description('cancel what waits for approval')
    .option('--reason <text>', 'for the log')
    .action((id: string, options: { reason?: string }) =>
      run(async ({ client, print }) => {
        const action = await (await client()).reject(id, options);
        print(action, () => `${action.id} is ${action.status}`);
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
    .action((id: string, { sent, notSent, reason, yes }: ResolveOptions) =>
      run(async ({ io, client, print }) => {
        if (!sent && !notSent) throw new UsageError('say what became of it: --sent or --not-sent');
        const outcome = sent ? 'sent' : 'not_sent';
        if (!yes) await confirm(io, RESOLVE_WORDS[outcome]);
        const action = await (await client()).resolve(id, { outcome, reason });
        print(action, () => (outcome === 'sent' ? `${action.id} is ${action.status}` : requeued(action)));
        return undefined;
      }),
    );
};

/** Both name the artifact by its SHA-256, and lead to its being sent. */
const ALLOWING = [
  {
    verb: 'approve',
    on: ({ program }: { program: Command; actions: Command }) => program,
    what: 'let the artifact that waits be performed, and nothing else',
    words: { what: 'approve has the artifact sent', question: 'Send this artifact?' },
  },
  {
    verb: 'promote',
    on: ({ actions }: { program: Command; actions: Command }) => actions,
    what: 'queue, once, a REAL action that may perform exactly this proof',
    words: { what: 'promote has the proof sent', question: 'Send what this proof shows?' },
  },
] as const;

interface ResolveOptions {
  readonly sent?: true;
  readonly notSent?: true;
  readonly reason?: string;
  readonly yes: boolean;
}

const RESOLVE_WORDS = {
  sent: {
    what: 'resolve --sent ends the action as SUCCESS on your word, for good',
    question: 'Was it sent? The action ends as SUCCESS on your word, for good.',
  },
  not_sent: {
    what: 'resolve --not-sent sends it again; if it had been sent, it is sent twice',
    question: 'Was it NOT sent? It is sent again; if it had been sent, that is twice.',
  },
} as const;

function requeued({ id, waiting }: Action): string {
  return `${id} is in the queue again${waiting === null ? '' : `; ${waiting}`}`;
}

function actionTable(items: readonly Action[]): string {
  const rows = items.map((a) => [a.id, a.status, a.mode, a.type, oneLine(a.idempotencyKey, 40), age(a.createdAt)]);
  return table(['ID', 'STATUS', 'MODE', 'TYPE', 'KEY', 'AGE'], rows);
}

function actionText(action: Action): string {
  return fields([
    ['id', action.id],
    ['status', action.status],
    ['mode', action.mode],
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
    ['approve until', action.status === 'AWAITING_APPROVAL' ? action.approval.expires : null],
    ['receipt', action.receipt === null ? null : JSON.stringify(action.receipt)],
    ['dead letter', action.dlqReason],
    ['last error', action.lastError],
    ['cancel', action.cancelRequested && action.finishedAt === null ? 'asked for' : null],
    ['created', `${action.createdAt} by ${action.createdBy}`],
    ['finished', action.finishedAt],
    ['temporal', action.temporal.url],
  ]);
}
