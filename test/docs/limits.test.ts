/** docs/limits.md has every bound of the contract, and the numbers of the code. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { codeSpansIn } from '../support/markdown.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const DOMAIN = 'src/domain/limits.ts';

const rows = read('docs/limits.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| what'))
  .map((line) => {
    const [, what = '', limit = '', , inCode = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return { what, limit, names: codeSpansIn(inCode) };
  });

/** The numbers in the declaration of a name: `FILE: NAME`, or a name of the domain. Products are multiplied. */
function numbersOf(reference: string): number[] {
  const [file = '', name = ''] = reference.includes(': ') ? reference.split(': ') : [DOMAIN, reference];
  const declared = new RegExp(
    `(?:(?:const|readonly) ${name}\\b[^=\\n]*= |^  ${name}: \\{)([\\s\\S]*?)(?:;|\\n  \\})`,
    'm',
  );
  const text = declared.exec(read(file))?.[1]?.replaceAll(/'[^'\n]*'/g, '') ?? '';
  const products = text.match(/-?\d[\d_]*(?: \* \d[\d_]*)*/g) ?? [];
  return products.map((product) =>
    product.split(' * ').reduce((value, factor) => value * Number(factor.replaceAll('_', '')), 1),
  );
}

/** How a number may be written: with its unit, or with commas. */
function waysToWrite(value: number): string[] {
  const units: readonly [string, number][] = [
    ['ms', 1],
    ['s', 1_000],
    ['h', 3_600_000],
    ['days', 86_400_000],
    ['years', 365 * 86_400_000],
    ['KiB', 1_024],
    ['MiB', 1_024 ** 2],
  ];
  const withUnit = units.flatMap(([unit, size]) =>
    value % size === 0 ? [`${(value / size).toLocaleString('en')} ${unit}`] : [],
  );
  return [...withUnit, value.toLocaleString('en')];
}

const hasNumber = (text: string, value: number) =>
  waysToWrite(value).some((way) =>
    new RegExp(`(?<![\\d,.-])${way.replaceAll('.', '\\.')}(?![\\d,]*\\d|\\w)`).test(text),
  );

test('there are limits', () => {
  expect(rows.length).toBeGreaterThan(60);
});

test.each(rows.map(({ what, ...row }) => [what, row] as const))('%s', (_what, { limit, names }) => {
  expect(names).not.toEqual([]);
  for (const name of names) {
    const numbers = numbersOf(name);
    expect([name, numbers]).not.toEqual([name, []]);
    expect(numbers.filter((value) => !hasNumber(limit, value))).toEqual([]);
  }
});

test('every bound of the contract stands there', () => {
  const all = [...read(DOMAIN).matchAll(/^export const (\w+)/gm)].map(([, name]) => name);
  const named = new Set(rows.flatMap(({ names }) => names));
  expect(all.filter((name) => !named.has(name ?? ''))).toEqual([]);
});

test('a wrong number is found', () => {
  expect(numbersOf('MAX_PAYLOAD_BYTES')).toEqual([65_536]);
  expect(hasNumber('64 KiB as JSON', 65_536)).toBe(true);
  expect(hasNumber('640 KiB', 65_536)).toBe(false);
  expect(hasNumber('1,000', 1)).toBe(false);
  expect(numbersOf('src/domain/flags.ts: max_actions_per_tick')).toEqual([1, 1_000, 3]);
});
