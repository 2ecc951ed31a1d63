/** Each page has one place in the navigation, and stands in the index. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { linksIn } from '../support/markdown.ts';
import { markdownFiles } from '../support/repository.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const navigationSchema = z.array(z.object({ pages: z.array(z.object({ path: z.string() })) }));
const navigation = navigationSchema.parse(JSON.parse(readFileSync(join(root, 'docs/site/navigation.json'), 'utf8')));
const placed = navigation.flatMap(({ pages }) => pages.map(({ path }) => path));
/** Decisions have an index of their own. */
const isPage = (path: string) =>
  path.startsWith('docs/') &&
  !path.startsWith('docs/adr/') &&
  !path.startsWith('docs/site/') &&
  path !== 'docs/README.md';

test('every page of the documents has one place', () => {
  expect(placed.filter(isPage).sort()).toEqual(markdownFiles(root).filter(isPage).sort());
  expect(new Set(placed).size).toBe(placed.length);
  expect(placed.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('the index leads to each of them', () => {
  const index = readFileSync(join(root, 'docs/README.md'), 'utf8');
  const linked = linksIn(index).map((target) => relative(root, join(root, dirname('docs/README.md'), target)));
  expect(placed.filter((path) => !linked.includes(path))).toEqual([]);
});
