/** Ages and durations as people write them: `36h`, `90d`, `10m`. */

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const AGE_RULE = 'hours or days: 36h, 90d';

/** Milliseconds, or undefined when the text is not an age of 1h to 99999d. */
export function parseAgeMs(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return Number(count) * (unit === 'd' ? UNIT_MS.d : UNIT_MS.h);
}

/** `90s`, `10m`, `24h`, `7d` in milliseconds; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,4})([smhd])$/.exec(text) ?? [];
  const unitMs = Object.entries(UNIT_MS).find(([name]) => name === unit)?.[1];
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}
