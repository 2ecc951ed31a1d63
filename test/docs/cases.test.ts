/** Each of the 34 cases from public trackers is a test under its number. */

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));
const MANY = 34;

/** The numbers that stand in the names of tests: `case 14: …`, `cases 17 and 32: …`, `… (case 11)`. */
function casesIn(text: string): number[] {
  const lines = text
    .split('\n')
    .filter((line) => /^\s*(?:test|it|describe|\[|['"`])/u.test(line) || /\(case \d+\)/u.test(line));
  const names = lines.flatMap((line) => [...line.matchAll(/\bcases? (\d+(?:(?:, | and )\d+)*)\b/gu)]);
  return names.flatMap(([, numbers = '']) => numbers.split(/, | and /u).map(Number));
}

test('every case is a test', () => {
  const files = globSync('test/**/*.test.ts', { cwd: root }).filter((path) => !path.endsWith('cases.test.ts'));
  const tested = new Set(files.flatMap((path) => casesIn(readFileSync(`${root}${path}`, 'utf8'))));
  const all = Array.from({ length: MANY }, (_each, index) => index + 1);
  expect(all.filter((number) => !tested.has(number))).toEqual([]);
});

test('a number in a name is found, another one is not', () => {
  expect(casesIn("  test('cases 17 and 32: a picture', () => {\n  const text = 'case 99: none';")).toEqual([17, 32]);
  expect(casesIn("test('case 18, 19: five workers'")).toEqual([18, 19]);
});
