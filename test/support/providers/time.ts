/** A provider's clock, which tests move on, and what hangs on it: windows, limits. */

export interface Clock {
  nowMs(): number;
  /** Lets this much time pass at the provider; nobody else notices. */
  pass(durationMs: number): void;
}

export function createClock(): Clock {
  let aheadMs = 0;
  return {
    nowMs: () => Date.now() + aheadMs,
    pass: (durationMs) => {
      aheadMs += durationMs;
    },
  };
}

export interface Taken {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly resetAtMs: number;
}

/** So many in a window that begins with the first; each key (account, channel, route) has its own. */
export interface Limit {
  take(key?: string): Taken;
  /** Uses up what is left of the window. */
  exhaust(key?: string): void;
}

export function createLimit(clock: Clock, limit: number, windowMs: number): Limit {
  const windows = new Map<string, { used: number; resetAtMs: number }>();
  const windowOf = (key: string) => {
    const found = windows.get(key);
    if (found && found.resetAtMs > clock.nowMs()) return found;
    const begun = { used: 0, resetAtMs: clock.nowMs() + windowMs };
    windows.set(key, begun);
    return begun;
  };
  return {
    take(key = '') {
      const window = windowOf(key);
      const allowed = window.used < limit;
      if (allowed) window.used += 1;
      return { allowed, limit, remaining: limit - window.used, resetAtMs: window.resetAtMs };
    },
    exhaust(key = '') {
      windowOf(key).used = limit;
    },
  };
}

/** Remembers a value under a key for a while, as providers do with idempotency keys and nonces. */
export function createMemory<Value>(clock: Clock, windowMs: number) {
  const entries = new Map<string, { value: Value; untilMs: number }>();
  return {
    get(key: string): Value | undefined {
      const entry = entries.get(key);
      return entry && entry.untilMs > clock.nowMs() ? entry.value : undefined;
    },
    set(key: string, value: Value): void {
      entries.set(key, { value, untilMs: clock.nowMs() + windowMs });
    },
  };
}
