/** How the benchmark judges curves. */

import { expect, test } from '@jest/globals';
import { Results } from '../../bench/results.ts';
import { judgeTargets } from '../../bench/targets.ts';

const curve = 'claims /s by actions queued';
const verdict = (results: Results) => judgeTargets(results).find(({ what }) => what.startsWith('claims, most'));

test('a curve is judged by its last point against its first, each the median of its rounds', () => {
  const results = new Results();
  for (const [at, value] of [
    [1_000_000, 700],
    [1_000, 900],
    [1_000, 1_000],
    [10_000, 1],
    [1_000, 5_000],
  ] as const) {
    results.add({ system: 'aol', name: curve, value, at });
  }
  expect(verdict(results)).toMatchObject({ target: '≥ 0.8×', measured: 0.7, met: false });
});

test('a curve of one point says nothing', () => {
  const results = new Results();
  results.add({ system: 'aol', name: curve, value: 900, at: 1_000 });
  expect(verdict(results)).toMatchObject({ measured: undefined, met: undefined });
});
