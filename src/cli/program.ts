/** The command line as a function: declares the commands, runs one, answers its exit code. */

import { Command } from 'commander';
import { registerAcceptance } from './commands/acceptance.ts';
import { registerAccounts } from './commands/accounts.ts';
import { registerActions } from './commands/actions.ts';
import { registerAdapters } from './commands/adapters.ts';
import { registerApi } from './commands/api.ts';
import { registerApprovals } from './commands/approvals.ts';
import { registerArtifacts } from './commands/artifacts.ts';
import { registerAutonomy } from './commands/autonomy.ts';
import { registerBackup } from './commands/backup.ts';
import { registerBlobs } from './commands/blobs.ts';
import { registerBudgets } from './commands/budgets.ts';
import { registerChanges } from './commands/changes.ts';
import { registerContext } from './commands/context.ts';
import { registerControl } from './commands/control.ts';
import { registerDlq } from './commands/dlq.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEnqueue } from './commands/enqueue.ts';
import { registerFlags } from './commands/flags.ts';
import { registerGoLive } from './commands/go-live.ts';
import { registerLanes } from './commands/lanes.ts';
import { registerLogs } from './commands/logs.ts';
import { registerMcp } from './commands/mcp.ts';
import { registerMigrate } from './commands/migrate.ts';
import { registerNotices } from './commands/notices.ts';
import { registerPeople } from './commands/people.ts';
import { registerPrune } from './commands/prune.ts';
import { registerRestore } from './commands/restore.ts';
import { registerRun } from './commands/run.ts';
import { registerSessions } from './commands/sessions.ts';
import { registerStatus } from './commands/status.ts';
import { registerTokens } from './commands/tokens.ts';
import { registerTour } from './commands/tour.ts';
import { registerUp } from './commands/up.ts';
import { registerWhoami } from './commands/whoami.ts';
import { registerWorker } from './commands/worker.ts';
import { createContext, type Register, type Runner } from './context.ts';
import { commanderExitCode, describeFailure, ExitCode, failureText, isCommanderError, UsageError } from './errors.ts';
import { guarded } from './terminal/guard.ts';
import type { CliIo } from './terminal/io.ts';
import { version } from './version.ts';

const COMMANDS: readonly Register[] = [
  registerUp,
  registerTour,
  registerWorker,
  registerApi,
  registerMigrate,
  registerRun,
  registerEnqueue,
  registerActions,
  registerApprovals,
  registerChanges,
  registerDlq,
  registerStatus,
  registerLogs,
  registerControl,
  registerFlags,
  registerLanes,
  registerAutonomy,
  registerBudgets,
  registerBlobs,
  registerAdapters,
  registerAccounts,
  registerNotices,
  registerTokens,
  registerPeople,
  registerSessions,
  registerContext,
  registerWhoami,
  registerArtifacts,
  registerPrune,
  registerBackup,
  registerRestore,
  registerMcp,
  registerDoctor,
  registerGoLive,
  registerAcceptance,
];

/** All commands, with what they print and how they run. */
export function createProgram(io: Pick<CliIo, 'out' | 'talk'>, run: Runner): Command {
  const program = new Command('aol')
    .description('Autonomy Orchestration Layer: queue actions, check their proofs, approve them, stop them at once.')
    .version(version())
    .option('--json', 'results as JSON', false)
    .option('--context <name>', 'use this AOL instead of the current one (see aol context list)')
    .showHelpAfterError('(aol --help, aol help COMMAND)')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.talk(text.trimEnd()) });
  program.hook('preAction', (_program, command) => {
    const { context } = program.opts<GlobalOptions>();
    const path = pathOf(command);
    if (context === undefined || !ON_THIS_MACHINE.has(path.join(' '))) return;
    throw new UsageError(`aol ${path.join(' ')} works on this machine, not on ${context}: leave --context out`);
  });
  for (const register of COMMANDS) register(program, run);
  addHelp(program);
  return program;
}

/** `aol help actions list`: of a command within a command, too. */
function addHelp(program: Command): void {
  program.helpCommand(false);
  program
    .command('help [command...]')
    .description('display help for a command')
    .action((path: string[]) => {
      const found = path.reduce<Command | undefined>(
        (within, name) => within?.commands.find((command) => command.name() === name),
        program,
      );
      if (!found) throw new UsageError(`there is no command ${path.join(' ')}: aol --help lists them`);
      found.help();
    });
}

interface GlobalOptions {
  readonly json: boolean;
  readonly context?: string;
}

/** These call no AOL, or that of this machine: they start one, or go to the servers and files of this machine. */
const ON_THIS_MACHINE: ReadonlySet<string> = new Set([
  'up',
  'tour',
  'worker',
  'api',
  'migrate',
  'run',
  'artifacts verify',
  'prune',
  'backup',
  'restore',
  'doctor',
  'acceptance',
  'context add',
  'context use',
  'context list',
  'context remove',
]);

/** `['actions', 'list']` */
function pathOf(command: Command): string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : [];
}

/**
 * Runs one command line.
 *
 * @param args without the program's own name: `['status', '--json']`
 * @returns the exit code
 */
export async function runCli(args: readonly string[], streams: CliIo): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const io = guarded(streams, () => options().context);
  const program = createProgram(io, async (work) => {
    exitCode = (await work(createContext(io, options().json))) ?? ExitCode.ok;
  });
  const options = () => program.opts<GlobalOptions>();
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (isCommanderError(error)) return commanderExitCode(error);
    const failure = describeFailure(error);
    io.talk(options().json ? JSON.stringify({ error: failure }) : failureText(failure));
    return failure.exitCode;
  }
}
