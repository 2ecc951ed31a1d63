/** What every measurement is made of. */

import type { SystemName } from '../protocol.ts';
import type { Servers } from '../servers.ts';

/** How much is measured. */
export interface Sizes {
  readonly rounds: number;
  readonly latencySamples: number;
  readonly bulkJobs: number;
  readonly idleSamples: number;
  /** pg-boss as it comes takes two seconds a job. */
  readonly slowIdleSamples: number;
  readonly drainJobs: number;
  readonly costJobs: number;
  /** Jobs that come one at a time. */
  readonly loneJobs: number;
  readonly idleLanes: number;
  readonly churnJobs: number;
  /** Of a drain over many lanes or by many workers. */
  readonly growthJobs: number;
  /** Claimed from a queue that is never shorter than what it is measured at. */
  readonly growthClaims: number;
  /** Points of a curve with more rows are left out. */
  readonly mostRows: number;
  /** Rows of the tables that lists are read from, and pages read of each list. */
  readonly listedRows: number;
  readonly pages: number;
}

/** One figure of one round: `idle p50 ms`. */
export interface Figure {
  readonly system: string;
  readonly name: string;
  readonly value: number;
  /** A point of the curve of that name: how many lanes, workers, rows there were. */
  readonly at?: number;
}

/** One thing to be measured of one system in one round; rounds go through all of them in turn. */
export interface Trial {
  readonly measure: MeasureName;
  readonly system: SystemName;
  /** What it says while it runs, besides the system. */
  readonly label: string;
  run(servers: Servers, sizes: Sizes): Promise<readonly Figure[]>;
}

export const MEASURES = [
  'enqueue',
  'idle',
  'drain',
  'recovery',
  'cost',
  'disk',
  'robust',
  'isolation',
  'growth',
  'reads',
  'http',
] as const;
export type MeasureName = (typeof MEASURES)[number];
