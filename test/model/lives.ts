/** Plays lives on the engine, each in a lane of its own, several at once, and finds the shortest one that breaks the contract. */

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import pg from 'pg';
import { createPool, type Database } from '../../src/db/pool.ts';
import { EngineLane, TIME_FUNCTIONS, WORKER } from './engine.ts';
import type { Life } from './life.ts';
import { createLook, differences, type Looked, viewOf } from './look.ts';
import { LaneModel } from './model.ts';
import { type Sequence, Sequences } from './sequence.ts';

/** Sooner than the shortest time of the engine's own that a sequence must not live to see, a lease's 15 s. */
const LONGEST_MS = 10_000;
/**
 * Lives that are played at the same time: each share of the sequences plays its own one after another. The more there are, the more
 * steps one look serves, and the longer each of them takes.
 */
const SHARES = 48;
const CONNECTIONS = 5;
/** A life that took so long makes it one fewer that are played at the same time, on a busy machine down to these. */
const SLOW_MS = LONGEST_MS / 2;
const FEWEST_AT_ONCE = 4;
/** On a machine on which they never get quick enough, no longer series of repeats says more. */
const MOST_REPEATS = 10;

export interface LivesOptions {
  /** A migrated database, of this run alone. */
  readonly databaseUrl: string;
  readonly sequences: number;
  readonly seed: number;
  /** Goes on after the first failure: each share may find one. */
  readonly goesOn?: boolean;
}

export interface Lives {
  /** Until the first that failed. */
  readonly sequences: number;
  readonly steps: number;
  /** How often each kind of step came out how. */
  readonly seen: ReadonlyMap<string, number>;
  /** The shortest sequences that fail, in words. */
  readonly failures: readonly string[];
}

/** In so many lives each of these happens. */
const ENOUGH_SEQUENCES = 1_000;
const EXPECTED = [
  ...['CLAIMED', 'IDLE', 'PAUSED', 'KILLED', 'NO_LEASE'].map((outcome) => `claim: ${outcome}`),
  ...['open', 'wait', 'gone', 'receipt', 'unsettled', 'unapproved', 'approval_needed'].map((kind) => `gate: ${kind}`),
  ...['PENDING', 'AWAITING_APPROVAL'].map((status) => `reschedule it: ${status}`),
  ...['killed', 'paused', 'proof', 'cancelled', 'not_due'].map((reason) => `gate: shut ${reason}`),
  ...['left', 'stays', 'late'].map((answer) => `record: ${answer}`),
];
const STEPS_EXPECTED = 25;

/** Why lives in which nothing was wrong show little; nothing when they do not. */
export function dullness({ sequences, steps, seen }: Lives): string[] {
  if (sequences < ENOUGH_SEQUENCES) return [];
  const missing = EXPECTED.filter((outcome) => !seen.has(outcome)).map((outcome) => `this never came: ${outcome}`);
  return steps / sequences < STEPS_EXPECTED ? [...missing, 'too few steps could be taken'] : missing;
}

/** Plays so many sequences, drawn from the seed. */
export async function playLives({ databaseUrl, sequences, seed, goesOn = false }: LivesOptions): Promise<Lives> {
  await prepare(databaseUrl);
  const pool = (url: string, maxConnections: number) =>
    createPool({ databaseUrl: url, applicationName: WORKER, maxConnections, connectTimeoutMs: 60_000 });
  // Without an index each look would read the rows of all lives before.
  const lookingUrl = new URL(databaseUrl);
  lookingUrl.searchParams.set('options', '-c enable_seqscan=off');
  // One connection looks: while it does, what is to be looked at next gathers.
  const [db, looking] = [pool(databaseUrl, CONNECTIONS), pool(lookingUrl.href, 1)];
  const player = new Player(db, createLook(looking));
  try {
    const share = Math.ceil(sequences / SHARES);
    const seeds = Array.from({ length: SHARES }, (_, index) => seed * SHARES + index);
    const found = await Promise.all(seeds.map((each) => shortestFailure(player, share, each, goesOn)));
    return {
      ...player.counts,
      seen: player.seen,
      failures: [...new Set(found.filter((failure) => failure !== undefined))],
    };
  } finally {
    await Promise.all([db.end(), looking.end()]);
  }
}

/** All lanes perform, without waits between their ticks; nothing waits for the disk, and statements are planned once. */
async function prepare(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`
      DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
        EXECUTE format('ALTER DATABASE %I SET plan_cache_mode = force_generic_plan', current_database());
      END $$;
      CREATE INDEX ON aol_execution_logs (lane);
      UPDATE aol_control_flags SET value = 'false' WHERE name = 'proof_only';
      UPDATE aol_control_flags SET value = '0' WHERE name = 'tick_interval_ms';
      UPDATE aol_control_flags SET value = '60000' WHERE name = 'max_tick_ms';
      ${TIME_FUNCTIONS}`);
  } finally {
    await client.end();
  }
}

/** What was done, step by step in words, and what was wrong after the last one. */
interface Played {
  readonly words: readonly string[];
  readonly wrong: readonly string[];
}

class Player {
  readonly counts = { sequences: 0, steps: 0 };
  readonly seen = new Map<string, number>();
  hasFailed = false;
  #lanes = 0;
  #atOnce = SHARES;
  #playing = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #db: Database;
  readonly look: (lane: EngineLane) => Promise<Looked>;

  constructor(db: Database, look: Player['look']) {
    this.#db = db;
    this.look = look;
  }

  /** Plays it when it is its turn, and again while it took so long that a wrong end says nothing, unless `isOver`. */
  async play(sequence: Sequence, isOver: () => boolean): Promise<Played> {
    for (let [repeats, played] = [0, sequence]; ; repeats += 1, played = sequence.again()) {
      const { tookMs, ...one } = await this.#inTurn(() => this.#playOnce(played));
      // On a machine that stood still, time has passed of which the model was not told.
      if (one.wrong.length === 0 || tookMs <= LONGEST_MS || repeats === MOST_REPEATS || isOver()) return one;
    }
  }

  async #inTurn(play: () => Promise<Played>): Promise<Played & { readonly tookMs: number }> {
    while (this.#playing >= this.#atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#playing += 1;
    const beganAt = performance.now();
    try {
      const played = await play();
      const tookMs = performance.now() - beganAt;
      if (tookMs > SLOW_MS) this.#atOnce = Math.max(FEWEST_AT_ONCE, this.#atOnce - 1);
      return { ...played, tookMs };
    } finally {
      this.#playing -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #playOnce(sequence: Sequence): Promise<Played> {
    this.#lanes += 1;
    if (!this.hasFailed) this.counts.sequences += 1;
    const engine = new EngineLane(this.#db, `lane-${this.#lanes}`);
    await engine.create();
    const life: Life = { engine, model: new LaneModel(), runs: [], tickCount: 0, claims: [] };
    const words: string[] = [];
    for (let next = sequence.next(life); next; next = sequence.next(life)) {
      const { kind, move } = next;
      this.counts.steps += 1;
      const answer = await move.engine().catch((error: unknown) => ({ failed: String(error) }));
      words.push(`${move.words}${told(answer)}`);
      const expected = move.model();
      const outcome = `${kind}: ${short(answer)}`;
      this.seen.set(outcome, (this.seen.get(outcome) ?? 0) + 1);
      const { view, violations } = await this.look(engine);
      const wrong = [...wrongAnswer(expected, answer), ...differences(viewOf(life.model), view), ...violations];
      if (wrong.length > 0) return { words, wrong };
    }
    return { words, wrong: [] };
  }
}

/** An answer without its details. */
function short(answer: unknown): string {
  if (Array.isArray(answer)) return answer.join();
  const fields = new Map<string, unknown>(Object.entries(answer ?? {}));
  const names = ['kind', 'outcome', 'reason', 'status', 'refused', 'failed'];
  return names.flatMap((name) => fields.get(name) ?? []).join(' ');
}

function told(answer: unknown): string {
  if (Array.isArray(answer)) return `: ${answer.join()}`;
  const fields = Object.entries(answer ?? {}).map(([field, value]) =>
    ['kind', 'outcome', 'status'].includes(field) ? value : `${field} ${value}`,
  );
  return fields.length === 0 ? '' : `: ${fields.join(', ')}`;
}

function wrongAnswer(expected: unknown, answer: unknown): string[] {
  if (isDeepStrictEqual(expected, answer)) return [];
  return [`the answer must be ${JSON.stringify(expected)}, is ${JSON.stringify(answer)}`];
}

/** One share of the sequences; undefined when none fails. */
async function shortestFailure(
  player: Player,
  sequences: number,
  seed: number,
  goesOn: boolean,
): Promise<string | undefined> {
  let isMine = false;
  let shortest: Played | undefined;
  const property = fc.asyncProperty(new Sequences(), async (sequence) => {
    const isOver = () => player.hasFailed && !isMine && !goesOn;
    if (isOver()) return;
    const played = await player.play(sequence, isOver);
    if (isOver()) return;
    if (played.wrong.length === 0) return;
    player.hasFailed = true;
    isMine = true;
    shortest = played;
    throw new Error('it fails');
  });
  const { errorInstance } = await fc.check(property, { numRuns: sequences, seed });
  if (!shortest) {
    // It could not be played at all.
    if (errorInstance) throw errorInstance;
    return undefined;
  }
  const steps = shortest.words.map((words, index) => `${String(index + 1).padStart(3)}. ${words}`);
  return [...steps, ...shortest.wrong.map((wrong) => `   -> ${wrong}`)].join('\n');
}
