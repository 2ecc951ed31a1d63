import { Argument } from 'commander';
import type { FlagsOfLane } from '../../contracts/flags.ts';
import { ALL_LANES, FLAG_NAMES, FLAGS, type FlagKind, type FlagName } from '../../domain/flags.ts';
import { confirm } from '../confirm.ts';
import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { table } from '../text.ts';
import { killWords } from './control.ts';

interface SetOptions {
  readonly lane: string;
  readonly reason?: string;
  readonly ifVersion?: string;
  readonly yes: boolean;
}

/** `aol flags get|set` */
export const registerFlags: Register = (program, run) => {
  const flags = program.command('flags').description('the flags of a lane, or the defaults of all');

  flags
    .command('get')
    .description('the flags in force, who set them and why')
    .option('--lane <lane>', 'one lane; the defaults of all when absent', ALL_LANES)
    .action(({ lane }: { lane: string }) =>
      run(async ({ client, print }) => {
        const answer = await (await client()).getFlags(lane);
        print(answer, () => flagTable(answer));
        return undefined;
      }),
    );

  flags
    .command('set')
    .description('change a flag; loosening a limit needs the token of an admin')
    .addArgument(new Argument('<name>').choices(FLAG_NAMES))
    .argument('<value>')
    .option('--lane <lane>', 'one lane; the defaults of all when absent', ALL_LANES)
    .option('--reason <text>', 'for the log')
    .option('--if-version <n>', 'only if the flag has this version; 0: only if the lane inherits it')
    .option('--yes', 'do not ask', false)
    .action((name: FlagName, text: string, { lane, reason, ifVersion, yes }: SetOptions) =>
      run(async ({ io, client, print }) => {
        const value = parseValue(name, text);
        const words = dangerOf(name, value, lane);
        if (words && !yes) await confirm(io, words);
        const expected = ifVersion === undefined ? {} : { version: wholeNumber(ifVersion, '--if-version') };
        const answer = await (await client()).patchFlags({ lane, flags: { [name]: value }, reason, ...expected });
        print(answer, () => changedText(answer, name, answer.changed.length > 0));
        return undefined;
      }),
    );
};

/** @throws UsageError when the text is no value of the flag's type; its bounds are the server's to check */
function parseValue(name: FlagName, text: string): boolean | number | string {
  const kind: FlagKind = FLAGS[name].kind;
  if (kind.type === 'integer') return wholeNumber(text, name);
  if (kind.type === 'boolean') {
    if (text !== 'true' && text !== 'false') throw new UsageError(`${name} is true or false`);
    return text === 'true';
  }
  if (!kind.choices.includes(text)) throw new UsageError(`${name} is one of ${kind.choices.join(', ')}`);
  return text;
}

function wholeNumber(text: string, name: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${name} is a whole number`);
  return Number(text);
}

/** What a change does that nobody should do by mistake. */
function dangerOf(name: FlagName, value: unknown, lane: string): Parameters<typeof confirm>[1] | undefined {
  if (name === 'killed' && value === true) return killWords(lane);
  if (name !== 'proof_only' || value !== false) return undefined;
  const which = lane === ALL_LANES ? 'ALL lanes without a value of their own' : `lane ${lane}`;
  const effect = `workers that run with AOL_PROOF_MODE=0 then perform the REAL actions of ${which}, what waits already included`;
  return { what: effect, question: `Unlock REAL? ${effect[0]?.toUpperCase()}${effect.slice(1)}.` };
}

function flagTable({ flags }: FlagsOfLane): string {
  const rows = FLAG_NAMES.map((name) => {
    const { value, version, inherited, updatedBy, reason } = flags[name];
    const source = inherited ? 'inherited' : 'own';
    return [name, String(value), source, String(version), updatedBy ?? '-', reason ?? ''];
  });
  return table(['NAME', 'VALUE', 'FROM', 'VERSION', 'SET BY', 'REASON'], rows);
}

function changedText({ lane, flags }: FlagsOfLane, name: FlagName, isChanged: boolean): string {
  const { value, version, inherited } = flags[name];
  const where = lane === ALL_LANES ? 'all lanes' : `lane ${lane}`;
  const overruled = inherited ? ', by the flag of all lanes' : '';
  return `${name} of ${where} is ${value}${overruled} (version ${version})${isChanged ? '' : ', as before'}`;
}
