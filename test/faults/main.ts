/**
 * `npm run test:faults`: every fault, or those that are named, each with its seeds.
 * `--fault F-02` (all whose name begins so), `--seed 3` or `--seeds 5`, `--quick`, `--list`, `--json`, `--keep FOLDER` for the
 * logs and tables of each run.
 */

import process from 'node:process';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { quietRuntime } from '../support/workflows.ts';
import { allFaults } from './faults/index.ts';
import { type RunResult, runFault } from './support/fault.ts';
import { startServers } from './support/servers.ts';
import { summaryTable } from './support/table.ts';

const USAGE = `npm run test:faults -- [--fault NAME]... [--seed N]... [--seeds COUNT] [--quick] [--list] [--json] [--keep FOLDER]
  --fault F-02      this fault, or all whose name begins so; without it all but the long ones
  --seed 3          with this seed; --seeds 5: with seeds 1 to 5
  --quick           the most valuable few
  --list            says what there is and plays nothing
  --keep FOLDER     keeps logs and tables of each run`;

const { values } = parseArgsOrExit({
  options: {
    help: { type: 'boolean', default: false },
    fault: { type: 'string', multiple: true },
    seed: { type: 'string', multiple: true },
    seeds: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    keep: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

/** A name is a fault's own, else the beginning of several. */
const named = (id: string, name: string) =>
  allFaults.some((fault) => fault.id === name) ? id === name : id.startsWith(`${name}-`);
const wanted = allFaults.filter(
  ({ id, quick, long }) =>
    (values.fault?.some((name) => named(id, name)) ?? long !== true) && (!values.quick || quick === true),
);
const seeds = values.seed?.map(Number) ?? Array.from({ length: Number(values.seeds) }, (_, index) => index + 1);
const MOST_SHOWN = 12;
const say = (line: string) => process.stderr.write(`${line}\n`);

if (values.help) {
  process.stdout.write(`${USAGE}\n`);
} else if (values.list) {
  for (const { id, title, quick } of wanted)
    process.stdout.write(`${id.padEnd(16)} ${quick ? 'quick ' : '      '} ${title}\n`);
} else if (wanted.length === 0 || seeds.some((seed) => !Number.isSafeInteger(seed) || seed < 0)) {
  say('no such fault, or a seed that is not a whole number; --list shows the faults');
  process.exitCode = 2;
} else {
  process.exit(await runAll());
}

function parseArgsOrExit<const Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    process.exit(2);
  }
}

async function runAll(): Promise<number> {
  quietRuntime();
  const servers = await startServers();
  const results: RunResult[] = [];
  const stop = () => void servers.stop().finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    for (const fault of wanted) {
      for (const seed of seeds) {
        const result = await runFault(servers, fault, seed, { keepIn: values.keep, replay: true });
        results.push(result);
        tell(result);
      }
    }
  } finally {
    await servers.stop();
  }
  process.stdout.write(values.json ? `${JSON.stringify(results, null, 2)}\n` : summaryTable(allFaults, results));
  return results.every(({ verdict }) => verdict === 'passed') ? 0 : 1;
}

function tell({ fault, seed, verdict, tookMs, note, recoveryMs, problems }: RunResult): void {
  const recovery = recoveryMs === undefined ? '' : `, recovered in ${(recoveryMs / 1_000).toFixed(2)} s`;
  say(`${fault} seed ${seed}: ${verdict} (${(tookMs / 1_000).toFixed(1)} s${recovery}; ${note})`);
  for (const problem of problems.slice(0, MOST_SHOWN)) say(`    ${problem}`);
  if (problems.length > MOST_SHOWN) say(`    and ${problems.length - MOST_SHOWN} more`);
  if (verdict !== 'passed') say(`    again: npm run test:faults -- --fault ${fault} --seed ${seed}`);
}
