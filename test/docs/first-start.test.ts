/** docs/how-to/first-start.md quotes messages that the code has. */

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { codeSpansIn } from '../support/markdown.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/how-to/first-start.md`, 'utf8');
/** Texts that are put together from parts are compared without their quotes and line breaks. */
const source = globSync(['src/**/*.ts', 'bin/*.mjs'], { cwd: root })
  .map((path) => readFileSync(`${root}${path}`, 'utf8'))
  .join('\n')
  .replaceAll(/\$\{minimumNode\.join\('\.'\)\}/g, '22.12')
  .replaceAll(/['`] \+\s*['`]/g, '');

const quoted = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.includes('`'))
  .map((line) => line.split(' | ')[0] ?? '')
  .flatMap((cell) => codeSpansIn(cell));

test('there are messages', () => {
  expect(quoted.length).toBeGreaterThan(12);
});

test.each(quoted)('%s', (message) => {
  expect(source).toContain(message);
});
