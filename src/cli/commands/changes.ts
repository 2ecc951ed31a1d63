import { reviseRequestSchema } from '../../contracts/http/decisions.ts';
import { parseJsonText } from '../../contracts/http/json-text.ts';
import { fieldProblems } from '../../contracts/http/problem.ts';
import { errorText, InvalidRequestError } from '../../domain/errors.ts';
import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { readText } from '../terminal/input.ts';
import type { CliIo } from '../terminal/io.ts';
import { type Moment, moment, said } from '../terminal/options.ts';
import { when } from '../terminal/time.ts';
import { expiresFirstText, statusText } from './actions.ts';

interface ReviseOptions {
  readonly payload?: string;
  readonly at?: Moment;
  readonly reason?: string;
}

const AT = 'not before this time, e.g. "2026-12-01 09:00 Europe/Berlin" or 2026-12-24T18:00:00Z';

/** `aol revise`, `aol request-changes`, `aol actions reschedule`: what is to be different before something is sent. */
export const registerChanges: Register = (program, run) => {
  program
    .command('revise <id>')
    .description('replace a waiting action or a dead letter by a changed one; a REAL one then needs approval')
    .option('--payload <json>', 'the complete new payload: JSON, @FILE, or - for stdin; default: unchanged')
    .option('--at <time>', AT, moment)
    .option('--reason <text>', 'for the log')
    .action((id: string, options: ReviseOptions) =>
      run(async ({ io, client: connect, print }) => {
        if (options.payload === undefined && options.at === undefined) {
          throw new UsageError('say what should change: --payload or --at');
        }
        const request = await toRequest(options, io);
        const revised = await (await connect()).revise(id, request);
        print(revised, () =>
          [`${id} is cancelled; in its place: ${statusText(revised)}`, ...expiresFirstText(revised)].join('\n'),
        );
        return undefined;
      }),
    );

  program
    .command('request-changes <id>')
    .description('ask for changes before approval; the action keeps waiting, and whoever queued it reads the reason')
    .requiredOption('--reason <text>', 'what should be different')
    .action((id: string, { reason }: { reason: string }) =>
      run(async ({ client, print }) => {
        const action = await (await client()).requestChanges(id, { reason });
        print(action, () => `${id} waits for changes; whoever asked for it reads why`);
        return undefined;
      }),
    );

  const actions = program.commands.find((command) => command.name() === 'actions') ?? program.command('actions');
  actions
    .command('reschedule <id>')
    .description('move a waiting action to another time; an approval stays valid')
    .requiredOption('--at <time>', AT, moment)
    .option('--reason <text>', 'for the log')
    .action((id: string, { at, reason }: { at: Moment; reason?: string }) =>
      run(async ({ io, client, print }) => {
        const runAt = said(io, at) ?? at.iso;
        const action = await (await client()).reschedule(id, { runAt, reason });
        print(action, () => `${id} is due at ${when(action.runAt)}`);
        return undefined;
      }),
    );
};

async function toRequest({ payload, at, reason }: ReviseOptions, io: CliIo) {
  const request = {
    ...(payload !== undefined && { payload: await readPayload(payload, io) }),
    runAt: said(io, at),
    reason,
  };
  const parsed = reviseRequestSchema.safeParse(request);
  if (parsed.success) return parsed.data;
  throw new InvalidRequestError('this change is not possible', fieldProblems(parsed.error));
}

/** @throws UsageError when it is no JSON, or cannot be read */
export async function readPayload(source: string, io: CliIo): Promise<unknown> {
  const file = source === '-' ? source : /^@(.*)$/s.exec(source)?.[1];
  const text = file === undefined ? source : await readText(io, file, `--payload ${source}`);
  try {
    return parseJsonText(text);
  } catch (error) {
    throw new UsageError(`--payload ${errorText(error).replace(/^body /, '')}`);
  }
}
