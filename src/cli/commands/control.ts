import { CONTROL_VERBS, type ControlVerb } from '../../contracts/control.ts';
import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { CliIo } from '../io.ts';

const DESCRIPTIONS: Readonly<Record<ControlVerb, string>> = {
  pause: 'no new attempts; what runs finishes',
  resume: 'end a pause',
  kill: 'stop now, and stay stopped until start',
  start: 'revive after a kill',
};

interface Options {
  readonly lane?: string;
  readonly reason?: string;
  readonly yes: boolean;
}

/** `aol pause|resume|kill|start`: without a lane for all lanes. */
export const registerControl: Register = (program, run) => {
  for (const verb of CONTROL_VERBS) {
    program
      .command(verb)
      .description(DESCRIPTIONS[verb])
      .option('--lane <lane>', 'one lane; all lanes when absent')
      .option('--reason <text>', 'for the log')
      .option('--yes', 'do not ask', false)
      .action(({ yes, ...request }: Options) =>
        run(async ({ io, client, print }) => {
          if (verb === 'kill' && !yes) await confirmKill(io, request.lane);
          const answer = await (await client()).control(verb, request);
          print(answer, () => answer.message);
          return undefined;
        }),
      );
  }
};

/** @throws UsageError when nobody said yes */
async function confirmKill(io: CliIo, lane: string | undefined): Promise<void> {
  if (!io.isTerminal) throw new UsageError('kill stops everything until start; without a terminal confirm with --yes');
  const which = lane === undefined ? 'ALL lanes' : `lane ${lane}`;
  const answer = await io.ask(`Kill ${which}? Nothing runs there until \`aol start\`. [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('not confirmed; nothing was done');
}
