import type { Command } from 'commander';
import type { AolClient } from '../../client/client.ts';
import { decideAll, type ManyOptions, withFilter } from '../approve-all.ts';
import { artifactSummary } from '../artifact.ts';
import type { CliContext, Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { confirm, type Danger } from '../terminal/confirm.ts';
import { type Moment, moment, said } from '../terminal/options.ts';
import { withLocalTimes } from '../terminal/time.ts';
import { expiresFirstText, statusText } from './actions.ts';

interface AllowOptions {
  readonly sha256: string;
  readonly at?: Moment;
  readonly reason?: string;
  readonly yes: boolean;
}

interface ApproveOptions extends ManyOptions {
  readonly sha256?: string;
  readonly yes: boolean;
}

/** `aol approve`, `aol reject`, `aol actions promote`. Approve and promote name an artifact, and lead to its being sent. */
export const registerApprovals: Register = (program, run) => {
  const approve = program
    .command('approve [id]')
    .description('approve the artifact of a waiting action, and nothing else')
    .option('--sha256 <hash>', 'the SHA-256 of the artifact that you looked at')
    .option('--yes', 'do not ask', false);
  withFilter(approve, 'approve all that match, at most 200; lists them and asks first').action(
    (id: string | undefined, options: ApproveOptions) =>
      run((context) => {
        if (options.all) return approveAll(context, id, options);
        const { sha256, reason, yes } = options;
        if (id === undefined || sha256 === undefined) {
          throw new UsageError(
            'name an action by its id with --sha256 of the artifact that you looked at, or use --all',
          );
        }
        return allow(context, 'approve', id, { sha256, yes, ...(reason !== undefined && { reason }) });
      }),
  );

  const reject = program.command('reject [id]').description('cancel an action that waits for approval');
  withFilter(reject, 'reject all that match, at most 200; lists them and asks first').action(
    (id: string | undefined, options: ManyOptions) =>
      run(async (context) => {
        if (options.all) {
          if (id !== undefined) throw new UsageError('use an id, or --all, not both');
          return decideAll(context, 'reject', options);
        }
        if (id === undefined) throw new UsageError('name an action by its id, or use --all');
        const { reason } = options;
        const action = await (await context.client()).reject(id, { reason });
        context.print(action, () => statusText(action));
        return undefined;
      }),
  );

  const actions = program.commands.find((command) => command.name() === 'actions') ?? program.command('actions');
  registerPromote(actions, (id, options) => run((context) => allow(context, 'promote', id, options)));
};

function registerPromote(actions: Command, promote: (id: string, options: AllowOptions) => Promise<void>): void {
  actions
    .command('promote <id>')
    .description('queue one REAL action that sends exactly this proof')
    .requiredOption('--sha256 <hash>', 'the SHA-256 of the artifact that you looked at')
    .option(
      '--at <time>',
      'not before this time, e.g. "2026-12-01 09:00 Europe/Berlin" or 2026-12-24T18:00:00Z',
      moment,
    )
    .option('--reason <text>', 'for the log')
    .option('--yes', 'do not ask', false)
    .action(promote);
}

function approveAll(context: CliContext, id: string | undefined, options: ApproveOptions) {
  if (id !== undefined || options.sha256 !== undefined)
    throw new UsageError('use an id with --sha256, or --all, not both');
  if (options.yes) throw new UsageError('--all always asks, after a list of what is sent: leave --yes out');
  return decideAll(context, 'approve', options);
}

async function allow(
  { io, client: connect, print }: CliContext,
  verb: 'approve' | 'promote',
  id: string,
  { sha256, at, reason, yes }: AllowOptions,
): Promise<undefined> {
  const runAt = said(io, at);
  const client = await connect();
  if (!yes) await confirm(io, await allowWords(client, verb, id, sha256));
  const action = await client[verb](id, { sha256, reason, ...(runAt !== undefined && { runAt }) });
  print(action, () => [statusText(action), ...expiresFirstText(action)].join('\n'));
  return undefined;
}

/** What would be sent, to where, and whether the hash is that of what is stored. */
async function allowWords(client: AolClient, verb: 'approve' | 'promote', id: string, sha256: string): Promise<Danger> {
  const action = await client.getAction(id);
  const summary = await artifactSummary(client, id);
  const parts = [
    `${verb} has 1 action sent for REAL: ${action.type} in lane ${action.lane}`,
    ...(summary === undefined ? [] : [`"${summary}"`]),
    ...(action.waiting === null ? [] : [withLocalTimes(action.waiting)]),
    ...(action.artifactSha256 === sha256
      ? []
      : [`its artifact has ANOTHER SHA-256, ${action.artifactSha256 ?? 'none'}, so this will be refused`]),
  ];
  return { what: parts.join('; '), question: 'Send it?' };
}
