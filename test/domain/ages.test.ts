import { expect, test } from '@jest/globals';
import { parseAgeMs } from '../../src/domain/ages.ts';

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
