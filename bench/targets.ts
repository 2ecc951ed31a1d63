/** What AOL must reach, as ratios within one run. */

import { lastByFirst, type Results } from './results.ts';

export interface Verdict {
  readonly what: string;
  readonly target: string;
  /** Undefined: one of its figures was not measured. */
  readonly measured: number | undefined;
  readonly met: boolean | undefined;
}

type Bound = { readonly atMost: number } | { readonly atLeast: number };
type Figure = readonly [system: string, name: string];

/** A figure, or what it is of another one; or what a curve's last point is of its first. */
type Measured = { readonly figure: Figure; readonly by?: Figure; readonly unit?: string } | { readonly curve: Figure };

type Target = Measured & { readonly what: string; readonly bound: Bound };

/** Of what was reached before: rounds differ by that much. */
const NOT_MUCH_WORSE = 0.9;

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
  ...(
    [
      ['p50', 1.15, 1.8],
      ['p99', 1, 2],
    ] as const
  ).flatMap(([share, rendering, start]): Target[] => [
    {
      what: `idle ${share} to the rendering, by bare Temporal`,
      figure: ['aol', `idle ${share} ms`],
      by: ['bare-temporal', `idle ${share} ms`],
      bound: { atMost: rendering },
    },
    {
      what: `idle ${share} to an effect's start, by bare Temporal`,
      figure: ['aol', `idle REAL ${share} ms`],
      by: ['bare-temporal', `idle ${share} ms`],
      bound: { atMost: start },
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
    bound: { atLeast: 5.7 * NOT_MUCH_WORSE },
  },
  {
    what: 'proofs drained at 200 a tick, by bare Temporal',
    figure: ['aol', 'drain, 200 a tick /s'],
    by: ['bare-temporal', 'drain /s'],
    bound: { atLeast: 9.9 * NOT_MUCH_WORSE },
  },
  {
    what: 'effects of 50 ms drained, by bare Temporal',
    figure: ['aol', 'drain with 50 ms handlers, REAL /s'],
    by: ['bare-temporal', 'drain with 50 ms handlers /s'],
    bound: { atLeast: 1 },
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
  { what: 'history events per proof, ticks of 50', figure: ['aol', 'history events'], bound: { atMost: 0.2 } },
  { what: 'history events per effect, ticks of 50', figure: ['aol', 'history events, REAL'], bound: { atMost: 0.35 } },
  { what: 'rows written to run a proof', figure: ['aol', 'rows written to run'], bound: { atMost: 6 } },
  ...['after ANALYZE of the empty queue', 'under an old open transaction'].map(
    (name): Target => ({
      what: `drain ${name}, by the plain one`,
      figure: ['aol', `drain ${name} /s`],
      by: ['aol', 'drain plain /s'],
      bound: { atLeast: 0.5 },
    }),
  ),
  {
    what: "an effect's start beside hanging lanes, p99, by alone",
    figure: ['aol', 'an effect beside hanging lanes p99 ms'],
    by: ['aol', 'an effect alone p99 ms'],
    bound: { atMost: 2 },
  },
  {
    what: 'claims, most actions queued by fewest',
    curve: ['aol', 'claims /s by actions queued'],
    bound: { atLeast: 0.8 },
  },
  {
    what: 'proofs, most actions finished by none',
    curve: ['aol', 'proofs /s by actions finished'],
    bound: { atLeast: 0.5 },
  },
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
  return TARGETS.map((target) => {
    const { what, bound } = target;
    const measured = measure(results, target);
    const sign = 'atMost' in bound ? `≤ ${short(bound.atMost)}` : `≥ ${short(bound.atLeast)}`;
    const met = measured === undefined ? undefined : holds(measured, bound);
    return { what, target: `${sign}${suffixOf(target)}`, measured, met };
  });
}

function measure(results: Results, target: Measured): number | undefined {
  if ('curve' in target) return lastByFirst(results.curve(...target.curve));
  const above = results.get(...target.figure);
  const below = target.by ? results.get(...target.by) : 1;
  return above === undefined || below === undefined ? undefined : above / below;
}

function suffixOf(target: Measured): string {
  if ('curve' in target || target.by) return '×';
  return target.unit ? ` ${target.unit}` : '';
}

function holds(value: number, bound: Bound): boolean {
  return 'atMost' in bound ? value <= bound.atMost : value >= bound.atLeast;
}

/** Three digits that count. */
export function short(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
