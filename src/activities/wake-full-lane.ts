/** Wakes a lane that had no room for all that was due, when effects of it have ended: its orchestrator does not poll for room. */

/** Effects that end within this time make room together, so that the next tick is a full one. */
const GATHER_MS = 25;

export interface WakeFullLane {
  /** A claim was made here. */
  looked(lane: string, isMore: boolean): void;
  /** An effect has ended. Returns at once, and never throws. */
  ended(lane: string, othersAtWork: number): void;
}

/** What was claimed elsewhere since is not known here: such a lane looks again by itself, a little later. */
export function createWakeFullLane(wake: (lane: string) => void): WakeFullLane {
  const lanesWithMore = new Set<string>();
  const gathering = new Map<string, NodeJS.Timeout>();

  const wakeNow = (lane: string) => {
    clearTimeout(gathering.get(lane));
    gathering.delete(lane);
    if (lanesWithMore.delete(lane)) wake(lane);
  };

  return {
    looked(lane, isMore) {
      if (isMore) lanesWithMore.add(lane);
      else lanesWithMore.delete(lane);
    },
    ended(lane, othersAtWork) {
      if (!lanesWithMore.has(lane)) return;
      if (othersAtWork === 0) wakeNow(lane);
      else if (!gathering.has(lane)) gathering.set(lane, setTimeout(wakeNow, GATHER_MS, lane).unref());
    },
  };
}
