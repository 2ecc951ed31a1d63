/** Wakes a lane that was full when effects of it have ended: its orchestrator does not poll for room. */

import type { Database } from '../db/pool.ts';
import { waitsForRoom } from '../db/queue/wake-full-lane.ts';

/** Effects that end within this time are refilled together. */
const GATHER_MS = 50;

export interface Refill {
  /** One effect of a lane has ended. Returns at once, and never throws. */
  ended(lane: string): void;
}

/** One look for all effects of a lane that end within a moment, and a wake only if something waited for the room. */
export function createRefill(db: Database, wake: (lane: string) => void): Refill {
  const gathering = new Set<string>();

  const look = async (lane: string) => {
    gathering.delete(lane);
    try {
      if (await waitsForRoom(db, lane)) wake(lane);
    } catch {
      // The orchestrator of a full lane looks again by itself, a little later.
    }
  };

  return {
    ended(lane) {
      if (gathering.has(lane)) return;
      gathering.add(lane);
      setTimeout(look, GATHER_MS, lane).unref();
    },
  };
}
