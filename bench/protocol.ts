/** What the benchmark's main process and its child processes say to each other. */

export const SYSTEMS = ['aol', 'bare-temporal', 'pg-boss', 'pg-boss-defaults', 'graphile-worker'] as const;
export type SystemName = (typeof SYSTEMS)[number];

/** Where one measurement takes place: a database and a namespace that nothing else uses. */
export interface Scene {
  readonly databaseUrl: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly artifacts: string;
  /** The bundle of bare Temporal's workflows. */
  readonly benchBundle: string;
  /** AOL's bundle, as it was built. */
  readonly aolBundle: string;
  /** AOL's `max_actions_per_tick`. */
  readonly perTick: number;
  /** Lanes that AOL's jobs are dealt out to, by their numbers. For everybody else there is one queue. */
  readonly lanes: number;
  /** AOL's mode. For everybody else a job is a job. */
  readonly real: boolean;
  /** Jobs that may be at work at once. */
  readonly width: number;
  /** A worker that dies is part of the measurement: pg-boss at its fastest settings, Temporal with heartbeats. */
  readonly recovers: boolean;
}

/** What a handler does after it has noted that it began. With `fromJob` only jobs from that number on hang. */
export type Behaviour =
  | { readonly kind: 'work'; readonly ms: number }
  | { readonly kind: 'hang'; readonly fromJob?: number };

/** Moments are nanoseconds of the monotonic clock, which all processes of a machine share. */
export interface Producer {
  /**
   * Queues jobs one by one, waiting a random time between them; answers when each call began and ended.
   *
   * @param step how far their numbers are apart, 1 when absent
   */
  enqueueEach(
    first: number,
    count: number,
    pauseMs: readonly [number, number],
    step?: number,
  ): Promise<readonly Span[]>;
  /** The same over HTTP, where there is an API. */
  enqueueOverHttp(count: number): Promise<readonly Span[]>;
  /** Queues jobs in calls of 1,000; answers how long that took. */
  enqueueBulk(count: number): Promise<number>;
  /** Queues jobs that nobody may begin before {@link go}. */
  fill(count: number): Promise<void>;
  /** Lets the queued jobs go. */
  go(count: number): Promise<void>;
  /** Resolves once a worker looks after the queue. */
  ready(): Promise<void>;
  /** Resolves when this many jobs have ended and that is committed; answers that moment. */
  finished(count: number): Promise<number>;
  close(): Promise<void>;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Worker {
  behave(behaviour: Behaviour): Promise<void>;
  /** Lets queued jobs go, in systems whose workers decide that. */
  go(): Promise<void>;
  /** Resolves when this many jobs have begun. */
  began(count: number): Promise<void>;
  /** Each job's first beginning. */
  beginnings(): Promise<readonly (readonly [job: number, at: number])[]>;
  peakRssBytes(): Promise<number>;
  close(): Promise<void>;
}

export type Role = 'producer' | 'worker';

export interface Request {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string }
  /** Sent for each beginning while the behaviour is `hang`, or was until just now. */
  | { readonly kind: 'began'; readonly job: number; readonly at: number };

/** Thrown where a system has nothing to measure; the text says why. */
export class NotMeasured extends Error {}
export const NOT_MEASURED = 'not measured: ';

export function nowNs(): number {
  return Number(process.hrtime.bigint());
}
