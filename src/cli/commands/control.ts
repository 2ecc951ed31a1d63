import { CONTROL_VERBS, type ControlVerb } from '../../contracts/control.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { confirm } from '../confirm.ts';
import type { Register } from '../context.ts';

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
          if (verb === 'kill' && !yes) await confirm(io, killWords(request.lane));
          const answer = await (await client()).control(verb, request);
          print(answer, () => answer.message);
          return undefined;
        }),
      );
  }
};

/** What kill does, for whoever is asked. */
export function killWords(lane: string | undefined): Parameters<typeof confirm>[1] {
  const which = lane === undefined || lane === ALL_LANES ? 'ALL lanes' : `lane ${lane}`;
  return {
    what: 'kill stops everything until start',
    question: `Kill ${which}? Nothing runs there until \`aol start\`.`,
  };
}
