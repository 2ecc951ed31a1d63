/** docs/metrics.md is what `/metrics` says: each metric once, with its kind and its labels. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestApi, type TestApi, TOKENS } from '../support/api.ts';
import { codeSpansIn } from '../support/markdown.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = read('docs/metrics.md');
const workerSource = read('src/observability/worker-metrics.ts');

interface Row {
  readonly name: string;
  readonly kind: string;
  readonly labels: readonly string[];
}

const rows = page
  .split('\n')
  .filter((line) => /^\| `aol_\w+` \| (gauge|counter|histogram) \|/.test(line))
  .map((line): Row => {
    const [, first = '', kind = '', labels = ''] = line.split('|').map((cell) => cell.trim());
    return { name: codeSpansIn(first)[0] ?? '', kind, labels: labels === '–' ? [] : labels.split(', ') };
  });
const ofWorkers = rows.filter(({ name }) => name.startsWith('aol_worker_'));
const ofTheApi = rows.filter(({ name }) => !name.startsWith('aol_worker_'));

let api: TestApi;
let exported: string;
beforeAll(async () => {
  api = await createTestApi();
  const answer = await fetch(`${api.url}/metrics`, { headers: { authorization: `Bearer ${TOKENS.viewer}` } });
  exported = await answer.text();
});
afterAll(() => api.close());

test("the API's: each with its kind", () => {
  const declared = [...exported.matchAll(/^# TYPE (aol_\w+) (\w+)$/gm)].map(([, name = '', kind = '']) => [name, kind]);
  expect(declared.length).toBeGreaterThan(25);
  expect(ofTheApi.map(({ name, kind }) => [name, kind]).sort()).toEqual(declared.sort());
});

test("the API's: the labels of what has a value", () => {
  const seen = [...exported.matchAll(/^(aol_\w+?)(?:_bucket|_sum|_count)?\{(.*)\} /gm)];
  const wrong = seen.flatMap(([, name = '', text = '']) => {
    const labels = [...text.matchAll(/(\w+)="/g)].map(([, label = '']) => label).filter((label) => label !== 'le');
    const row = rows.find((one) => one.name === name);
    return row && labels.sort().join() === [...row.labels].sort().join() ? [] : [`${name}: ${labels.join(', ')}`];
  });
  expect(seen.length).toBeGreaterThan(10);
  expect([...new Set(wrong)]).toEqual([]);
});

/** The calls that make one; names and kinds stand side by side there. */
test("a worker's: each with its kind", () => {
  const kinds: Readonly<Record<string, string>> = { counter: 'counter', gauge: 'gauge', seconds: 'histogram' };
  const made = [...workerSource.matchAll(/= (counter|gauge|seconds)\(\s*'(aol_worker_\w+)'/g)].map(
    ([, call = '', name = '']) => [name, kinds[call] ?? ''],
  );
  expect(made.length).toBeGreaterThan(5);
  expect(ofWorkers.map(({ name, kind }) => [name, kind]).sort()).toEqual(made.sort());
});
