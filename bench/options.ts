/** What the command line may ask for. */

import { parseArgs } from 'node:util';
import { MEASURES, type MeasureName, type Sizes } from './measures/measure.ts';

const FULL: Sizes = {
  rounds: 3,
  latencySamples: 1_000,
  bulkJobs: 20_000,
  idleSamples: 200,
  slowIdleSamples: 12,
  drainJobs: 2_000,
  costJobs: 1_000,
  loneJobs: 40,
  idleLanes: 16,
  churnJobs: 10_000,
  growthJobs: 6_400,
  growthClaims: 4_000,
  mostRows: 1_000_000,
  listedRows: 1_000_000,
  pages: 200,
};

const QUICK: Sizes = {
  rounds: 1,
  latencySamples: 200,
  bulkJobs: 5_000,
  idleSamples: 40,
  slowIdleSamples: 4,
  drainJobs: 2_000,
  costJobs: 500,
  loneJobs: 20,
  idleLanes: 16,
  churnJobs: 2_000,
  growthJobs: 3_200,
  growthClaims: 2_000,
  mostRows: 100_000,
  listedRows: 100_000,
  pages: 40,
};

export const USAGE = `npm run bench -- [--quick] [--rounds N] [--only ${MEASURES.join(',')}] [--systems aol,…]
  --quick    one round, fewer jobs
  --rounds   how often everything is measured; the medians are reported
  --only     these measures alone
  --systems  these systems alone`;

export interface Options {
  readonly sizes: Sizes;
  readonly quick: boolean;
  readonly measures: readonly MeasureName[];
  /** Undefined: all. */
  readonly systems: readonly string[] | undefined;
}

/** Undefined when help was asked for. Throws an error with a text for people. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      systems: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const sizes = values.quick ? QUICK : FULL;
  const rounds = values.rounds === undefined ? sizes.rounds : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number from 1');
  return {
    sizes: { ...sizes, rounds },
    quick: values.quick,
    measures: values.only === undefined ? MEASURES : values.only.split(',').map(measure),
    systems: values.systems?.split(','),
  };
}

function measure(name: string): MeasureName {
  const found = MEASURES.find((one) => one === name);
  if (!found) throw new Error(`--only: there is no measure ${name}; there are ${MEASURES.join(', ')}`);
  return found;
}
