/** What AOL must reach, as ratios within one run. */

import type { Results } from './results.ts';

export interface Verdict {
  readonly what: string;
  readonly target: string;
  /** Undefined: one of its figures was not measured. */
  readonly measured: number | undefined;
  readonly met: boolean | undefined;
}

type Bound = { readonly atMost: number } | { readonly atLeast: number };
type Figure = readonly [system: string, name: string];

interface Target {
  readonly what: string;
  readonly figure: Figure;
  /** What it is divided by; absent: an absolute bound. */
  readonly by?: Figure;
  readonly bound: Bound;
  readonly unit?: string;
}

const TARGETS: readonly Target[] = [
  {
    what: 'enqueue p50, by pg-boss',
    figure: ['aol', 'enqueue p50 ms'],
    by: ['pg-boss', 'enqueue p50 ms'],
    bound: { atMost: 1.3 },
  },
  {
    what: 'bulk enqueue, by graphile-worker',
    figure: ['aol', 'bulk enqueue /s'],
    by: ['graphile-worker', 'bulk enqueue /s'],
    bound: { atLeast: 1 },
  },
  ...(['p50', 'p99'] as const).flatMap((share): Target[] => [
    {
      what: `idle ${share} to the rendering, by bare Temporal`,
      figure: ['aol', `idle ${share} ms`],
      by: ['bare-temporal', `idle ${share} ms`],
      bound: { atMost: 1 },
    },
    {
      what: `idle ${share} to an effect's start, by bare Temporal`,
      figure: ['aol', `idle REAL ${share} ms`],
      by: ['bare-temporal', `idle ${share} ms`],
      bound: { atMost: 2.5 },
    },
  ]),
  {
    what: 'idle p50 to the rendering, by pg-boss as it comes',
    figure: ['aol', 'idle p50 ms'],
    by: ['pg-boss-defaults', 'idle p50 ms'],
    bound: { atMost: 1 / 50 },
  },
  {
    what: 'proofs drained at 50 a tick, by bare Temporal',
    figure: ['aol', 'drain, 50 a tick /s'],
    by: ['bare-temporal', 'drain /s'],
    bound: { atLeast: 4 },
  },
  {
    what: 'proofs drained at 200 a tick, by bare Temporal',
    figure: ['aol', 'drain, 200 a tick /s'],
    by: ['bare-temporal', 'drain /s'],
    bound: { atLeast: 8 },
  },
  {
    what: 'effects of 50 ms drained, by bare Temporal',
    figure: ['aol', 'drain with 50 ms handlers, REAL /s'],
    by: ['bare-temporal', 'drain with 50 ms handlers /s'],
    bound: { atLeast: 0.7 },
  },
  {
    what: 'recovery of a proof, pg-boss by AOL',
    figure: ['pg-boss', 'recovery s'],
    by: ['aol', 'recovery s'],
    bound: { atLeast: 2 },
  },
  {
    what: 'recovery of an effect, pg-boss by AOL',
    figure: ['pg-boss', 'recovery s'],
    by: ['aol', 'recovery REAL s'],
    bound: { atLeast: 2 },
  },
  ...['drain, 50 a tick', 'drain, 200 a tick', 'drain with 50 ms handlers, REAL'].map(
    (name): Target => ({
      what: `worker memory at peak, ${name}`,
      figure: ['aol', `${name}, peak RSS MiB`],
      bound: { atMost: 320 },
      unit: 'MiB',
    }),
  ),
  { what: 'history events per proof', figure: ['aol', 'history events'], bound: { atMost: 0.2 } },
  { what: 'rows written to run a proof', figure: ['aol', 'rows written to run'], bound: { atMost: 6 } },
  ...['after ANALYZE of the empty queue', 'with finished rows', 'under an old open transaction'].map(
    (name): Target => ({
      what: `drain ${name}, by the plain one`,
      figure: ['aol', `drain ${name} /s`],
      by: ['aol', 'drain plain /s'],
      bound: { atLeast: 0.5 },
    }),
  ),
  ...[
    'actions',
    'actions of a lane',
    'actions by status',
    'actions by mode',
    'actions by words',
    'logs',
    'logs by level',
    'logs of a lane',
    'ticks',
  ].map(
    (name): Target => ({
      what: `a page of ${name}, p95 at any depth`,
      figure: ['aol', `page of ${name} p95 ms`],
      bound: { atMost: 50 },
      unit: 'ms',
    }),
  ),
  { what: 'the status, p95', figure: ['aol', 'status p95 ms'], bound: { atMost: 50 }, unit: 'ms' },
  {
    what: 'batch of 1,000, by a bare INSERT of the rows',
    figure: ['aol', 'batch of 1,000 p50 ms'],
    by: ['aol', 'bare INSERT of 1,000 p50 ms'],
    bound: { atMost: 3 },
  },
];

export function judgeTargets(results: Results): readonly Verdict[] {
  return TARGETS.map(({ what, figure, by, bound, unit }) => {
    const above = results.get(...figure);
    const below = by ? results.get(...by) : 1;
    const measured = above === undefined || below === undefined ? undefined : above / below;
    const suffix = unit ? ` ${unit}` : by ? '×' : '';
    const target = 'atMost' in bound ? `≤ ${short(bound.atMost)}${suffix}` : `≥ ${short(bound.atLeast)}${suffix}`;
    return { what, target, measured, met: measured === undefined ? undefined : holds(measured, bound) };
  });
}

function holds(value: number, bound: Bound): boolean {
  return 'atMost' in bound ? value <= bound.atMost : value >= bound.atLeast;
}

/** Three digits that count. */
export function short(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
