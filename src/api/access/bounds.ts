/** What one API process takes at once. */

import { TooManyAtOnceError, TooManyRequestsError } from '../../domain/errors.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { FairQueue } from './fair-queue.ts';
import { Semaphore } from './semaphore.ts';

const tooMany = (what: string) => () => new TooManyAtOnceError('postgres', `too many ${what} at once; try again`);

export class Bounds {
  /** Bodies of up to 256 KiB, from when the caller is known until the answer is there. */
  readonly enqueues = new ConcurrencyLimit({ most: 600, mostOfCaller: 400, refusal: tooMany('enqueues') });
  /** Bodies of up to 8 MiB. */
  readonly batches = new ConcurrencyLimit({ most: 32, mostOfCaller: 24, refusal: tooMany('batches') });
  /** Files of up to 20 MiB. */
  readonly uploads = new ConcurrencyLimit({ most: 8, mostOfCaller: 4, refusal: tooMany('uploads') });
  /** One token may stand for many people, each with several pages open. */
  readonly streams = new ConcurrencyLimit({
    most: 500,
    mostOfCaller: 100,
    refusal: () => new TooManyRequestsError('too many streams of events are open', 5),
  });
  /** Files of the log. */
  readonly exports = new ConcurrencyLimit({
    most: 4,
    mostOfCaller: 2,
    refusal: () => new TooManyRequestsError('too many files of the log are read at once', 5),
  });
  /** Calls that wait for a status to change. Each holds a connection to us and nothing else. */
  readonly waits = new ConcurrencyLimit({
    most: 1_000,
    mostOfCaller: 200,
    refusal: () => new TooManyRequestsError('too many calls wait for a status', 5),
  });
  /** Adapters render one after the other. */
  readonly rendering = new Semaphore({ permits: 1, longestWaitMs: 10_000, refusal: 'too many renderings at once' });
  /** One batch is read, and one is queued and answered, at a time. */
  readonly readingBatch = new Semaphore({ permits: 1, longestWaitMs: 5_000, refusal: 'too many batches at once' });
  readonly queueingBatch = new Semaphore({ permits: 1, longestWaitMs: 5_000, refusal: 'too many batches at once' });
  /** Decisions of calls that bring many: the others keep the connections. */
  readonly approving = new Semaphore({ permits: 4, longestWaitMs: 10_000, refusal: 'too many decisions at once' });
  /** Changes of flags, which may wait for an open claim. */
  readonly flags = new Semaphore({ permits: 1, longestWaitMs: 6_000, refusal: 'too many changes of flags at once' });
  /** A search reads megabytes: the others keep the connections and the rest of the server's time. */
  readonly searches = new Semaphore({ permits: 1, longestWaitMs: 2_000, refusal: 'too many searches at once' });
  /** Where what takes milliseconds of this process's time waits for its turn. */
  readonly turns = new FairQueue();

  /** How many requests of each kind are inside. */
  get inside(): Readonly<Record<'enqueues' | 'batches' | 'streams' | 'waits', number>> {
    const { enqueues, batches, streams, waits } = this;
    return { enqueues: enqueues.inside, batches: batches.inside, streams: streams.inside, waits: waits.inside };
  }
}
