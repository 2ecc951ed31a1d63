/** Figures of all rounds, and their medians. */

import type { Figure } from './measures/measure.ts';
import { median } from './statistics.ts';

export interface Missing {
  readonly system: string;
  readonly label: string;
  readonly reason: string;
}

export interface Point {
  readonly at: number;
  readonly median: number;
}

export class Results {
  readonly missing: Missing[] = [];
  private readonly values = new Map<string, Omit<Figure, 'value'> & { readonly rounds: number[] }>();

  add({ value, ...what }: Figure): void {
    const key = keyOf(what);
    const entry = this.values.get(key) ?? { ...what, rounds: [] };
    entry.rounds.push(value);
    this.values.set(key, entry);
  }

  miss(missing: Missing): void {
    const known = this.missing.some(({ system, label }) => system === missing.system && label === missing.label);
    if (!known) this.missing.push(missing);
  }

  /** The median over the rounds; undefined when nothing was measured. */
  get(system: string, name: string): number | undefined {
    const entry = this.values.get(keyOf({ system, name }));
    return entry && median(entry.rounds);
  }

  /** The points of a curve that were measured, as it grows. */
  curve(system: string, name: string): readonly Point[] {
    return [...this.values.values()]
      .filter((entry) => entry.system === system && entry.name === name)
      .flatMap(({ at, rounds }) => (at === undefined ? [] : [{ at, median: median(rounds) }]))
      .sort((one, other) => one.at - other.at);
  }

  all(): readonly (Omit<Figure, 'value'> & { readonly median: number; readonly rounds: readonly number[] })[] {
    return [...this.values.values()].map((entry) => ({ ...entry, median: median(entry.rounds) }));
  }
}

function keyOf({ system, name, at }: Omit<Figure, 'value'>): string {
  return JSON.stringify([system, name, at]);
}

/** What the last point of a curve is of its first; undefined when there are not two. */
export function lastByFirst(points: readonly Point[]): number | undefined {
  const [first, last] = [points[0], points.at(-1)];
  return first === undefined || last === undefined || first === last ? undefined : last.median / first.median;
}
