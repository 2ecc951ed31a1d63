/** `npm run bench`: AOL and what a user would take instead, on the same servers. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { costTrials } from './measures/cost.ts';
import { costAloneTrials } from './measures/cost-alone.ts';
import { diskTrials } from './measures/disk.ts';
import { drainTrials } from './measures/drain.ts';
import { enqueueTrials } from './measures/enqueue.ts';
import { growthTrials } from './measures/growth.ts';
import { httpTrials } from './measures/http.ts';
import { idleTrials } from './measures/idle.ts';
import { isolationTrials } from './measures/isolation.ts';
import { MEASURES, type Trial } from './measures/measure.ts';
import { readsTrials } from './measures/reads.ts';
import { recoveryTrials } from './measures/recovery.ts';
import { robustTrials } from './measures/robust.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { killAll } from './process.ts';
import { NotMeasured } from './protocol.ts';
import { machine, type RunFacts, toMarkdown } from './report.ts';
import { Results } from './results.ts';
import { type Servers, startServers } from './servers.ts';
import { short } from './targets.ts';

const folder = new URL('./results/', import.meta.url);
const TRIALS = [
  enqueueTrials,
  idleTrials,
  drainTrials,
  recoveryTrials,
  costTrials,
  costAloneTrials,
  diskTrials,
  robustTrials,
  isolationTrials,
  growthTrials,
  readsTrials,
  httpTrials,
].flat();
const PACKAGES = ['@temporalio/worker', 'pg-boss', 'graphile-worker'] as const;
const INTERRUPTED = 130;

const say = (line: string) => void process.stderr.write(`${line}\n`);

// Temporal's native runtime would keep this process alive.
process.exit(await main());

async function main(): Promise<number> {
  const options = tryToRead();
  if (options === undefined) return 2;
  const startedAt = new Date();
  const servers = await startServers(say);
  process.once('SIGINT', () => void interrupt(servers)).once('SIGTERM', () => void interrupt(servers));
  const results = new Results();
  try {
    await measureAll(servers, options, results);
  } finally {
    await servers.stop();
  }
  const isWhole = !options.quick && options.systems === undefined && options.measures.length === MEASURES.length;
  await report(results, isWhole, {
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1_000,
    quick: options.quick,
    sizes: options.sizes,
    versions: { ...servers.versions, ...(await packageVersions()) },
  });
  return 0;
}

function tryToRead(): Options | undefined {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options === undefined) say(USAGE);
    return options;
  } catch (error) {
    say(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    return undefined;
  }
}

/** Round after round through all trials, so that what else the machine does hits every system alike. */
async function measureAll(servers: Servers, { sizes, measures, systems }: Options, results: Results): Promise<void> {
  const trials = TRIALS.filter(
    ({ measure, system }) => measures.includes(measure) && (systems === undefined || systems.includes(system)),
  );
  for (let round = 1; round <= sizes.rounds; round += 1) {
    for (const trial of trials) await measureOne(servers, trial, sizes, results, `round ${round}`);
  }
}

async function measureOne(
  servers: Servers,
  trial: Trial,
  sizes: Options['sizes'],
  results: Results,
  round: string,
): Promise<void> {
  const name = `${round}, ${trial.system}, ${trial.label}`;
  try {
    const figures = await trial.run(servers, sizes);
    for (const figure of figures) results.add(figure);
    say(`${name}: ${figures.map((figure) => `${figure.name} ${short(figure.value)}`).join('; ')}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    results.miss({ system: trial.system, label: trial.label, reason });
    say(`${name}: ${error instanceof NotMeasured ? 'not measured' : 'FAILED'}: ${reason}`);
  }
}

async function report(results: Results, isWhole: boolean, facts: RunFacts): Promise<void> {
  const markdown = toMarkdown(results, facts);
  const name = facts.startedAt.slice(0, 19).replaceAll(':', '');
  const whole = { ...facts, machine: machine(), figures: results.all(), missing: results.missing };
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify(whole, null, 2)}\n`);
  await writeFile(new URL(`${name}.md`, folder), markdown);
  // The record that is committed: a full run only.
  if (isWhole) await writeFile(new URL('latest.md', folder), markdown);
  process.stdout.write(`${markdown}\n`);
  say(`written to bench/results/${name}.json and .md${isWhole ? ', and to latest.md' : ''}`);
}

async function packageVersions(): Promise<Record<string, string>> {
  const versions = PACKAGES.map(async (name): Promise<[string, string]> => {
    const text = await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8');
    const { version }: { version: string } = JSON.parse(text);
    return [name, version];
  });
  return Object.fromEntries(await Promise.all(versions));
}

async function interrupt(servers: Servers): Promise<never> {
  killAll();
  await servers.stop();
  process.exit(INTERRUPTED);
}
