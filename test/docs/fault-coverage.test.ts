/** docs/faults.md names, for each invariant and each fault of the list, what checks it: plays and tests that exist. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { allFaults } from '../faults/faults/index.ts';
import { isCheck } from '../support/checks.ts';
import { codeSpansIn } from '../support/markdown.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(join(root, 'docs', 'faults.md'), 'utf8');

/** The list that the project was given; these numbers were never used in it. */
const numbers = (letter: string, last: number, unused: readonly number[]) =>
  Array.from({ length: last }, (_, index) => index + 1)
    .filter((number) => !unused.includes(number))
    .map((number) => `${letter}-${String(number).padStart(2, '0')}`);
const LISTED = [...numbers('I', 30, [26]), ...numbers('F', 29, [8, 25])];

const [, section = ''] = page.split(/^## /m).filter((part, index) => index === 0 || part.startsWith('What checks'));
const rows = section
  .split('\n')
  .filter((line) => /^\| [IF]-\d\d \|/.test(line))
  .map((line) => {
    const [, id = '', , checkedBy = '', figure = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return { id, checks: codeSpansIn(checkedBy), figure };
  });

describe('the coverage table', () => {
  test('has a row for each invariant and fault of the list, and no other', () => {
    expect(rows.map(({ id }) => id)).toEqual(LISTED);
  });

  test.each(rows)('$id: what checks it exists, and has a last figure', ({ checks, figure }) => {
    expect(checks.length).toBeGreaterThan(0);
    expect(checks.filter((check) => !isCheck(check))).toEqual([]);
    expect(figure).not.toBe('');
  });

  test('every play of the suite stands in it', () => {
    const named = new Set(rows.flatMap(({ checks }) => checks));
    expect(allFaults.map(({ id }) => id).filter((id) => !named.has(id))).toEqual([]);
  });

  test('what does not exist is found', () => {
    expect(['F-99-nothing', 'test/nothing.test.ts', 'test/faults/check.test.ts: no such test'].filter(isCheck)).toEqual(
      [],
    );
    expect(isCheck('test/faults/check.test.ts: says nothing about a queued action')).toBe(true);
  });
});
