/** Figures of all rounds, and their medians. */

import type { Figure } from './measures/measure.ts';
import { median } from './statistics.ts';

export interface Missing {
  readonly system: string;
  readonly label: string;
  readonly reason: string;
}

export class Results {
  readonly missing: Missing[] = [];
  private readonly values = new Map<string, { readonly system: string; readonly name: string; rounds: number[] }>();

  add({ system, name, value }: Figure): void {
    const key = `${system}/${name}`;
    const entry = this.values.get(key) ?? { system, name, rounds: [] };
    entry.rounds.push(value);
    this.values.set(key, entry);
  }

  miss(missing: Missing): void {
    const known = this.missing.some(({ system, label }) => system === missing.system && label === missing.label);
    if (!known) this.missing.push(missing);
  }

  /** The median over the rounds; undefined when nothing was measured. */
  get(system: string, name: string): number | undefined {
    const entry = this.values.get(`${system}/${name}`);
    return entry && median(entry.rounds);
  }

  all(): readonly { system: string; name: string; median: number; rounds: readonly number[] }[] {
    return [...this.values.values()].map((entry) => ({ ...entry, median: median(entry.rounds) }));
  }
}
