/** The results as Markdown. */

import { cpus, totalmem } from 'node:os';
import process from 'node:process';
import type { Sizes } from './measures/measure.ts';
import { lastByFirst, type Results } from './results.ts';
import { judgeTargets, short } from './targets.ts';

export interface RunFacts {
  readonly startedAt: string;
  readonly seconds: number;
  readonly quick: boolean;
  readonly sizes: Sizes;
  readonly versions: Readonly<Record<string, string>>;
}

const BYTES_PER_GIB = 1024 ** 3;
const VERDICT = { true: 'yes', false: '**no**', undefined: 'not measured' } as const;

export function machine() {
  const [cpu] = cpus();
  return {
    cpus: cpus().length,
    model: cpu?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / BYTES_PER_GIB),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
  };
}

export function toMarkdown(results: Results, facts: RunFacts): string {
  const { cpus: cores, model, memoryGiB, node, platform } = machine();
  const { rounds, drainJobs } = facts.sizes;
  const versions = Object.entries(facts.versions).map(([name, version]) => `${name} ${version}`);
  const kind = facts.quick ? 'a quick run, for orientation only' : 'medians';
  return [
    `# Benchmark of ${facts.startedAt.slice(0, 10)}`,
    '',
    `${rounds} ${rounds === 1 ? 'round' : 'interleaved rounds'}, ${kind}; ${drainJobs} jobs a drain; ` +
      `${Math.round(facts.seconds)} s in all. ${cores} cores (${model}), ${memoryGiB} GiB, ${platform}. Node ${node}, ${versions.join(', ')}.`,
    '',
    '## Against the targets',
    '',
    '| what | target | measured | met |',
    '|---|---|---|---|',
    ...judgeTargets(results).map(
      ({ what, target, measured, met }) =>
        `| ${what} | ${target} | ${measured === undefined ? '–' : short(measured)} | ${VERDICT[`${met}`]} |`,
    ),
    '',
    '## Figures',
    '',
    ...figures(results),
    '',
    '## Growth',
    '',
    ...growth(results),
    ...results.missing.map(({ system, label, reason }) => `- ${system}, ${label}: not measured: ${reason}`),
    '',
  ].join('\n');
}

/** One row per figure that only some systems have; the systems are the columns. */
function figures(results: Results): string[] {
  const all = results.all().filter(({ at }) => at === undefined);
  const systems = [...new Set(all.map(({ system }) => system))];
  const names = [...new Set(all.map(({ name }) => name))];
  return [
    `| | ${systems.join(' | ')} |`,
    `|---|${systems.map(() => '---|').join('')}`,
    ...names.map((name) => {
      const cells = systems.map((system) => {
        const value = results.get(system, name);
        return value === undefined ? '' : short(value);
      });
      return `| ${name} | ${cells.join(' | ')} |`;
    }),
  ];
}

/** A table for each curve. */
function growth(results: Results): string[] {
  const names = new Set(results.all().flatMap(({ at, name }) => (at === undefined ? [] : [name])));
  return [...names].flatMap((name) => {
    const points = results.curve('aol', name);
    const ratio = lastByFirst(points);
    return [
      `| ${name} | |`,
      '|---|---|',
      ...points.map(({ at, median }) => `| ${at.toLocaleString('en-US')} | ${short(median)} |`),
      `| last by first | ${ratio === undefined ? '–' : `${short(ratio)}×`} |`,
      '',
    ];
  });
}
