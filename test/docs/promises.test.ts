/** docs/promises.md has every promise, and what it and docs/threat-model.md name as checks exists. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { isCheck } from '../support/checks.ts';
import { codeSpansIn } from '../support/markdown.ts';

const read = (page: string) => readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');

/** The cells of the column "shown by", of every table that has one; the first cell says of what. */
function checksOf(page: string) {
  const lines = read(page).split('\n');
  return lines.flatMap((line, index) => {
    const header = lines.slice(0, index).findLast((earlier) => /^\| .*shown by \|$/.test(earlier) || earlier === '');
    if (!header || !line.startsWith('| ') || line === header) return [];
    const cells = line.slice(2, -2).split(/ \| ?/);
    return [{ what: cells[0] ?? '', checks: codeSpansIn(cells.at(-1) ?? ''), isOpen: line.includes('**nothing**') }];
  });
}

describe.each(['promises.md', 'threat-model.md'])('%s', (page) => {
  test('names checks', () => {
    expect(checksOf(page).length).toBeGreaterThan(15);
  });

  test.each(checksOf(page))('$what', ({ checks, isOpen }) => {
    expect(checks.length > 0 || isOpen).toBe(true);
    expect(checks.filter((check) => !isCheck(check))).toEqual([]);
  });
});

test('every promise has its row', () => {
  const numbers = checksOf('promises.md').flatMap(({ what }) => /^\*\*(\d+)\. /.exec(what)?.[1] ?? []);
  expect(numbers.map(Number)).toEqual(Array.from({ length: 13 }, (_each, index) => index + 1));
});
