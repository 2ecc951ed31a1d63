/** The glossary of the documents and that of the dashboard are the same. */

import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { GLOSSARY } from '../../web/parts/glossary-words.ts';

const page = readFileSync(new URL('../../docs/glossary.md', import.meta.url), 'utf8');

test('docs/glossary.md has the words of the dashboard, and no others', () => {
  const rows = [...page.matchAll(/^\| (.+) \| (.+) \|$/gmu)].slice(1);
  expect(rows.map(([, word, meaning]) => [word, meaning])).toEqual(GLOSSARY);
});
