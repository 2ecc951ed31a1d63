/** Ages as people write them: `36h`, `90d`. */

const UNIT_MS = { h: 3_600_000, d: 86_400_000 } as const;

export const AGE_RULE = 'hours or days: 36h, 90d';

/** Milliseconds, or undefined when the text is not an age of 1h to 99999d. */
export function parseAgeMs(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return Number(count) * (unit === 'd' ? UNIT_MS.d : UNIT_MS.h);
}
