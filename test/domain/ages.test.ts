import { expect, test } from '@jest/globals';
import { parseAgeMs, parseDurationMs } from '../../src/domain/ages.ts';

test.each([
  ['1h', 3_600_000],
  ['36h', 129_600_000],
  ['90d', 7_776_000_000],
  ['0d', undefined],
  ['90', undefined],
  ['1.5d', undefined],
  ['-1d', undefined],
  ['100000d', undefined],
  ['', undefined],
])('%s is %s ms', (text, ageMs) => {
  expect(parseAgeMs(text)).toBe(ageMs);
});

test.each([
  ['90s', 90_000],
  ['10m', 600_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['0s', undefined],
  ['10', undefined],
  ['10ms', undefined],
  ['1.5h', undefined],
  ['', undefined],
])('the duration %s is %s ms', (text, durationMs) => {
  expect(parseDurationMs(text)).toBe(durationMs);
});
