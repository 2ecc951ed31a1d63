/** docs/events.md has every event, every field of a row, and every kind of the stream. */

import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { logEntrySchema } from '../../src/contracts/http/log.ts';
import { LOG_EVENTS } from '../../src/domain/events.ts';
import { codeSpansIn } from '../support/markdown.ts';

const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');

/** What the first cells of the tables under a heading name in code. */
function namedUnder(heading: string): string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => codeSpansIn(row.split(' | ')[0] ?? ''));
}

test('every event stands there once', () => {
  const named = ['Events of an action', 'Events of everything else'].flatMap(namedUnder);
  expect(named.sort()).toEqual([...LOG_EVENTS].sort());
});

test('every field of a row', () => {
  const fields = Object.keys(logEntrySchema.shape).filter((field) => field !== 'summary');
  expect(namedUnder('Fields')).toEqual(fields);
});

test('every kind that the stream sends', () => {
  const source = readFileSync(new URL('../../src/api/events/feed.ts', import.meta.url), 'utf8');
  const kinds = [...source.matchAll(/readonly event: ('.*?);/g)].flatMap(([, text = '']) => text.match(/\w+/g) ?? []);
  expect(namedUnder('The stream').sort()).toEqual([...new Set(kinds)].sort());
});
