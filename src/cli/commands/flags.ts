import { Argument } from 'commander';
import type { AolClient } from '../../client/client.ts';
import type { FlagsOfLane } from '../../contracts/http/flags.ts';
import { counted } from '../../contracts/words.ts';
import { ALL_LANES, FLAG_NAMES, FLAGS, type FlagKind, type FlagName } from '../../domain/flags.ts';
import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { confirm, type Danger } from '../terminal/confirm.ts';
import { durationMs, readWholeNumber, wholeNumber } from '../terminal/options.ts';
import type { Cell } from '../terminal/paint.ts';
import { table } from '../terminal/text.ts';
import { clock, when, zoned } from '../terminal/time.ts';
import { killDanger } from './control.ts';

interface SetOptions {
  readonly lane: string;
  readonly reason?: string;
  readonly ifVersion?: number;
  readonly for?: number;
  readonly yes: boolean;
}

/** `aol flags get|set` */
export const registerFlags: Register = (program, run) => {
  const flags = program.command('flags').description('settings of a lane, or of all lanes');

  flags
    .command('get')
    .description('show the flags in force, who set them and why')
    .option('--lane <lane>', 'one lane; * is all lanes', ALL_LANES)
    .action(({ lane }: { lane: string }) =>
      run(async ({ io, client, print }) => {
        const answer = await (await client()).getFlags(lane);
        print(answer, () => flagTable(answer, io.color));
        return undefined;
      }),
    );

  flags
    .command('set')
    .description('change a flag; an admin must raise limits and unlock REAL')
    .addArgument(new Argument('<name>').choices(FLAG_NAMES))
    .argument('<value>')
    .option('--lane <lane>', 'one lane; * is all lanes', ALL_LANES)
    .option('--reason <text>', 'for the log')
    .option(
      '--if-version <n>',
      'only if the flag still has this version; 0: only if the lane has no value of its own',
      wholeNumber(0, 999_999_999),
    )
    .option('--for <time>', 'with proof_only false: lock REAL again after this time, e.g. 8h', durationMs)
    .option('--yes', 'do not ask', false)
    .action((name: FlagName, text: string, { lane, reason, ifVersion, for: forMs, yes }: SetOptions) =>
      run(async ({ io, client: connect, print }) => {
        const value = parseValue(name, text);
        const expected = ifVersion === undefined ? {} : { version: ifVersion };
        const unlocked = unlockTime(name, value, forMs);
        const client = await connect();
        const danger = yes ? undefined : await dangerOf(client, name, value, lane);
        if (danger) await confirm(io, danger);
        const answer = await client.patchFlags({ lane, flags: { [name]: value }, reason, ...expected, ...unlocked });
        print(answer, () => changedText(answer, name, answer.changed.length > 0));
        return undefined;
      }),
    );
};

/** @throws UsageError when the text is no value of the flag's type; its bounds are the server's to check */
function parseValue(name: FlagName, text: string): boolean | number | string {
  const kind: FlagKind = FLAGS[name].kind;
  if (kind.type === 'integer') {
    const value = readWholeNumber(text);
    if (value === undefined) throw new UsageError(`${name} is a whole number`);
    return value;
  }
  if (kind.type === 'boolean') {
    if (text !== 'true' && text !== 'false') throw new UsageError(`${name} is true or false`);
    return text === 'true';
  }
  if (!kind.choices.includes(text)) throw new UsageError(`${name} is one of ${kind.choices.join(', ')}`);
  return text;
}

/** @throws UsageError for a time of anything but unlocking REAL */
function unlockTime(name: FlagName, value: unknown, forMs: number | undefined): { readonly forMs?: number } {
  if (forMs === undefined) return {};
  if (name === 'proof_only' && value === false) return { forMs };
  throw new UsageError('--for needs proof_only false');
}

/** What a change does that nobody should do by mistake. */
async function dangerOf(client: AolClient, name: FlagName, value: unknown, lane: string): Promise<Danger | undefined> {
  if (name === 'killed' && value === true) return killDanger(client, lane);
  if (name === 'proof_only' && value === false) return realDanger(client, lane);
  return undefined;
}

/** What the lane's key of REAL sets free: what waits already, if a worker holds the other key. */
async function realDanger(client: AolClient, lane: string): Promise<Danger> {
  const isAll = lane === ALL_LANES;
  const lanes = isAll ? await inheritingLanes(client) : [lane];
  const waiting = await Promise.all(
    lanes.map((one) => client.listActionSummaries({ lane: one, mode: 'REAL', status: ['PENDING', 'RETRY'], limit: 1 })),
  );
  const count = waiting.reduce((sum, { total }) => sum + total, 0);
  const { workers } = await client.status();
  const which = isAll
    ? `ALL lanes without a value of their own (${lanes.length} now, and future ones)`
    : `lane ${lane}`;
  return {
    what:
      `workers with AOL_PROOF_MODE=0 (${workers.real} of ${workers.count} now) then SEND the REAL actions of ${which}: ` +
      `${counted(count, 'REAL action waits', 'REAL actions wait')} there already`,
    question: 'Turn REAL on?',
  };
}

async function inheritingLanes(client: AolClient): Promise<string[]> {
  const { items } = await client.listLanes();
  const flags = await Promise.all(items.map(({ lane }) => client.getFlags(lane)));
  return flags.filter((one) => one.flags.proof_only.inherited).map((one) => one.lane);
}

function flagTable({ flags }: FlagsOfLane, isColored: boolean): string {
  const rows = FLAG_NAMES.map((name) => {
    const { value, version, inherited, expiresAt, updatedBy, reason } = flags[name];
    const source = inherited ? 'inherited' : 'own';
    return [
      name,
      valueWord(name, value),
      source,
      String(version),
      expiresAt === null ? '-' : clock(expiresAt),
      updatedBy ?? '-',
      reason ?? '',
    ];
  });
  return table(['NAME', 'VALUE', 'FROM', 'VERSION', zoned('UNTIL'), 'SET BY', 'REASON'], rows, isColored);
}

function valueWord(name: FlagName, value: boolean | number | string): Cell {
  const text = String(value);
  if (name === 'proof_only') return { text, tone: value === false ? 'real' : 'proof' };
  if (name === 'killed' && value === true) return { text, tone: 'bad' };
  if (name === 'paused' && value === true) return { text, tone: 'warn' };
  return text;
}

function changedText({ lane, flags }: FlagsOfLane, name: FlagName, isChanged: boolean): string {
  const { value, version, inherited, expiresAt } = flags[name];
  const where = lane === ALL_LANES ? 'all lanes' : `lane ${lane}`;
  const overruled = inherited ? ', by the flag of all lanes' : '';
  const until = expiresAt === null ? '' : ` until ${when(expiresAt)}`;
  return `${name} of ${where} is ${value}${until}${overruled} (version ${version})${isChanged ? '' : ', as before'}`;
}
