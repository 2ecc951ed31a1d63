/**
 * `npm run test:soak`: 20,000 actions in 30 minutes, half of them effects, and what the worker's and the API's memory does (I-30).
 * `--minutes 3` for trying: the same load for a shorter time. `--keep FOLDER` keeps the samples and what else a run leaves.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { quietRuntime } from '../support/workflows.ts';
import { checkAll } from './support/check.ts';
import { keepEvidence } from './support/keep.ts';
import type { LoadPlan } from './support/load.ts';
import type { Program } from './support/program.ts';
import { quantile } from './support/quantile.ts';
import { openScene, type Scene } from './support/scene.ts';
import { startServers } from './support/servers.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' }, keep: { type: 'string' } } });
const minutes = Number(values.minutes);

/** A little more than 20,000 in 30 minutes, for the time that each call takes. */
const ACTIONS_PER_MINUTE = 20_500 / 30;
const WARM_UP_MINUTES = Math.min(5, minutes / 3);
const WINDOW_MINUTES = Math.min(1, minutes / 3);
const SAMPLE_INTERVAL_MS = 2_000;
const MOST_GROWTH = 0.1;
const MIB = 1024 * 1024;
const PLAN: LoadPlan = {
  kinds: ['once', 'each', 'proof', 'proof'],
  everyMs: 60_000 / ACTIONS_PER_MINUTE,
  answerMs: [10, 200],
};

interface Sample {
  readonly minute: number;
  readonly workerMib: number;
  readonly apiMib: number;
}

async function soak(): Promise<number> {
  quietRuntime();
  const servers = await startServers();
  process.once('SIGINT', () => void servers.stop().finally(() => process.exit(130)));
  let scene: Scene | undefined;
  try {
    scene = await openScene(servers, { seed: 1 });
    const samples = await underLoad(scene);
    const checked = await checkAll(scene);
    const problems = [
      ...checked.lost.map((text) => `lost: ${text}`),
      ...checked.duplicates.map((text) => `duplicate: ${text}`),
      ...checked.problems,
      ...growthProblems(samples),
    ];
    if (values.keep !== undefined) {
      mkdirSync(values.keep, { recursive: true });
      writeFileSync(join(values.keep, 'samples.json'), JSON.stringify(samples));
      await keepEvidence(scene, values.keep, 'soak');
    }
    process.stdout.write(report(samples, scene.load.acknowledged.length, checked.statuses));
    for (const problem of problems.slice(0, 20)) process.stdout.write(`FAILED: ${problem}\n`);
    return problems.length === 0 ? 0 : 1;
  } finally {
    await scene?.close();
    await servers.stop();
  }
}

async function underLoad(scene: Scene): Promise<Sample[]> {
  const [worker] = scene.workers;
  const samples: Sample[] = [];
  const beganMs = performance.now();
  const minute = () => (performance.now() - beganMs) / 60_000;
  const mib = (program: Program | undefined) => (program?.residentBytes() ?? 0) / MIB;
  scene.load.start(PLAN);
  while (minute() < minutes) {
    await delay(SAMPLE_INTERVAL_MS);
    samples.push({ minute: minute(), workerMib: mib(worker), apiMib: mib(scene.api) });
    if (!worker?.isRunning() || !scene.api.isRunning()) throw new Error('a process ended during the soak');
  }
  await scene.load.stop();
  return samples;
}

const MEASURED = ['workerMib', 'apiMib'] as const;

/** The median of the first minute after the warm-up against the median of the last one. */
function growth(samples: readonly Sample[], which: (typeof MEASURED)[number]) {
  const medianOf = (from: number) =>
    quantile(
      samples.filter(({ minute }) => minute >= from && minute < from + WINDOW_MINUTES).map((sample) => sample[which]),
      0.5,
    );
  const [before, after] = [medianOf(WARM_UP_MINUTES), medianOf(minutes - WINDOW_MINUTES)];
  return { before, after, share: after / before - 1, most: Math.max(...samples.map((sample) => sample[which])) };
}

function growthProblems(samples: readonly Sample[]): string[] {
  return MEASURED.flatMap((which) => {
    const { share } = growth(samples, which);
    return share > MOST_GROWTH ? [`${which} grew by ${Math.round(share * 100)} %`] : [];
  });
}

function report(samples: readonly Sample[], count: number, statuses: Readonly<Record<string, number>>): string {
  const rows = MEASURED.map((which) => {
    const { before, after, share, most } = growth(samples, which);
    const cells = [
      which.replace('Mib', ''),
      before.toFixed(0),
      after.toFixed(0),
      most.toFixed(0),
      `${(share * 100).toFixed(1)} %`,
    ];
    return `| ${cells.join(' | ')} |\n`;
  });
  return (
    `${count} actions in ${minutes} minutes: ${JSON.stringify(statuses)}\n\n` +
    `| process | RSS after ${WARM_UP_MINUTES.toFixed(1)} min, MiB | at the end | at most | growth |\n|---|---|---|---|---|\n${rows.join('')}`
  );
}

if (!Number.isFinite(minutes) || minutes <= 0) {
  process.stderr.write('--minutes must be a number above 0\n');
  process.exit(2);
}
process.exit(await soak());
