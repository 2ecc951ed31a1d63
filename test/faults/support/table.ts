/** The results as a table: a line per fault. */

import type { Fault, RunResult } from './fault.ts';

const HEADER = ['fault', 'what', 'seeds', 'runs', 'lost', 'duplicate', 'recovery, s', 'verdict'];

/** A Markdown table; recovery is the median and, where there were more runs, the worst. */
export function summaryTable(faults: readonly Fault[], results: readonly RunResult[]): string {
  const rows = faults
    .map((fault) => ({ fault, runs: results.filter((result) => result.fault === fault.id) }))
    .filter(({ runs }) => runs.length > 0)
    .map(({ fault, runs }) => [
      fault.id,
      fault.title,
      runs.map(({ seed }) => seed).join(' '),
      String(runs.length),
      String(sum(runs.map(({ lost }) => lost))),
      String(sum(runs.map(({ duplicates }) => duplicates))),
      recovery(runs),
      verdict(runs),
    ]);
  const widths = HEADER.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  return `${line(HEADER)}${line(widths.map((width) => '-'.repeat(width)))}${rows.map(line).join('')}`;
}

function recovery(runs: readonly RunResult[]): string {
  const seconds = runs
    .flatMap(({ recoveryMs }) => (recoveryMs === undefined ? [] : [recoveryMs / 1_000]))
    .sort((a, b) => a - b);
  const median = seconds[Math.floor((seconds.length - 1) / 2)];
  const worst = seconds.at(-1);
  if (median === undefined || worst === undefined) return '–';
  return seconds.length === 1 ? median.toFixed(2) : `${median.toFixed(2)} (worst ${worst.toFixed(2)})`;
}

function verdict(runs: readonly RunResult[]): string {
  const bad = runs.filter((run) => run.verdict !== 'passed');
  if (bad.length === 0) return 'passed';
  return bad.map((run) => `${run.verdict} (seed ${run.seed})`).join(', ');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
