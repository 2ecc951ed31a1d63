import type { AolClient } from '../../client/client.ts';
import { CONTROL_VERBS, type ControlVerb } from '../../contracts/http/control.ts';
import { counted } from '../../contracts/words.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import type { Register } from '../context.ts';
import { confirm, type Danger } from '../terminal/confirm.ts';

const DESCRIPTIONS: Readonly<Record<ControlVerb, string>> = {
  pause: 'start no new attempts; what runs finishes',
  resume: 'end the pause',
  kill: 'stop everything now, until aol start',
  start: 'start again after a kill',
};

interface Options {
  readonly lane?: string;
  /** Of start alone. */
  readonly force?: boolean;
  readonly reason?: string;
  readonly yes: boolean;
}

/** `aol pause|resume|kill|start`: without a lane for all lanes. */
export const registerControl: Register = (program, run) => {
  for (const verb of CONTROL_VERBS) {
    const command = program
      .command(verb)
      .description(DESCRIPTIONS[verb])
      .option('--lane <lane>', 'one lane; default: all lanes')
      .option('--reason <text>', 'for the log')
      .option('--yes', 'do not ask', false)
      .action(({ yes, ...request }: Options) =>
        run(async ({ io, client: connect, print }) => {
          const client = await connect();
          if (verb === 'kill' && !yes) await confirm(io, await killDanger(client, request.lane));
          if (request.force && !yes) await confirm(io, await forceDanger(client, request.lane));
          const answer = await client.control(verb, request);
          print(answer, () => answer.message);
          return undefined;
        }),
      );
    if (verb === 'start') command.option('--force', 'take over lanes from another owner; needs an admin');
  }
};

/** Whom a forced start takes the lanes from. */
async function forceDanger(client: AolClient, lane: string | undefined): Promise<Danger> {
  const isAll = lane === undefined || lane === ALL_LANES;
  const { lanes } = await client.status();
  const held = lanes.filter((one) => (isAll || one.lane === lane) && one.lease.owner !== null);
  const owners = held.map((one) => `${one.lane} from ${one.lease.owner}`).join(', ');
  return {
    what: `start --force takes ${owners || 'no lane, because none is held,'} at once; if that cluster still lives, the two take turns`,
    question: 'Take over?',
  };
}

/** What kill does, and to how much. The counts are left out when they cannot be had: that must not keep anybody from it. */
export async function killDanger(client: AolClient, lane: string | undefined): Promise<Danger> {
  const isAll = lane === undefined || lane === ALL_LANES;
  const which = isAll ? 'ALL lanes' : `lane ${lane}`;
  const status = await client.status().catch(() => undefined);
  const lanes = status?.lanes.filter((one) => isAll || one.lane === lane) ?? [];
  const count = (...statuses: string[]) =>
    lanes.reduce((sum, one) => sum + statuses.reduce((of, name) => of + (one.counts[name] ?? 0), 0), 0);
  const counts =
    lanes.length === 0
      ? ''
      : `: ${isAll ? `${counted(lanes.length, 'lane')}, ` : ''}${counted(count('RUNNING'), 'running action')} ` +
        `aborted, ${count('PENDING', 'RETRY')} waiting kept`;
  return {
    what: `kill stops ${which} at once, until \`aol start\`${counts}`,
    question: `Kill ${which}?`,
  };
}
