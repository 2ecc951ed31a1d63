/** Wakes a lane that had no room for all that was due, when effects of it have ended: its orchestrator does not poll for room. */

/** Effects that end within this time make room together, so that the next tick is a full one. */
const GATHER_MS = 25;

export interface WakeFullLane {
  /** A claim begins here. What ends from now on it may not see. */
  looks(lane: string): void;
  /** A claim was made here; whether it left something because there was no room. */
  looked(lane: string, isFull: boolean): void;
  /** An effect has ended. Returns at once, and never throws. */
  ended(lane: string, othersAtWork: number): void;
}

/** What was claimed elsewhere since is not known here: such a lane looks again by itself, a little later. */
export function createWakeFullLane(wake: (lane: string) => void): WakeFullLane {
  const fullLanes = new Set<string>();
  /** Lanes that are being looked at, and in which of them an effect has ended since. */
  const lookedAt = new Map<string, boolean>();
  const gathering = new Map<string, NodeJS.Timeout>();

  const wakeNow = (lane: string) => {
    clearTimeout(gathering.get(lane));
    gathering.delete(lane);
    if (fullLanes.delete(lane)) wake(lane);
  };
  const wakeSoon = (lane: string) => {
    if (!gathering.has(lane)) gathering.set(lane, setTimeout(wakeNow, GATHER_MS, lane).unref());
  };

  return {
    looks(lane) {
      lookedAt.set(lane, false);
    },
    looked(lane, isFull) {
      const hasEnded = lookedAt.get(lane) === true;
      lookedAt.delete(lane);
      if (!isFull) {
        fullLanes.delete(lane);
        return;
      }
      fullLanes.add(lane);
      if (hasEnded) wakeSoon(lane);
    },
    ended(lane, othersAtWork) {
      if (lookedAt.has(lane)) lookedAt.set(lane, true);
      if (!fullLanes.has(lane)) return;
      if (othersAtWork === 0) wakeNow(lane);
      else wakeSoon(lane);
    },
  };
}
