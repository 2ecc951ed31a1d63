/** Results as people read them. */

import { stripVTControlCharacters } from 'node:util';
import { age } from '../../contracts/words.ts';
import { type Cell, paint, textOf, toneOf } from './paint.ts';
import { cutToWidth, displayWidth, padToWidth } from './width.ts';

/** Text from outside, made safe for a terminal: nothing in it moves the cursor or colours anything. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One line, cut to a width. */
export function oneLine(text: string, maximumWidth = 60): string {
  return cutToWidth(printable(text.replace(/\s+/g, ' ')), maximumWidth);
}

/** Columns under their titles. Columns of numbers stand right. */
export function table(titles: readonly string[], rows: readonly (readonly Cell[])[], isColored = false): string {
  const texts = [titles, ...rows].map((row) => row.map((cell) => oneLine(textOf(cell), 120)));
  const columns = titles.map((_, column) => {
    const cells = texts.map((row) => row[column] ?? '');
    const width = Math.max(...cells.map(displayWidth));
    return { width, isNumeric: rows.length > 0 && cells.slice(1).every((text) => /^(\d+|-)$/.test(text)) };
  });
  return texts
    .map((row, line) =>
      columns
        .map(({ width, isNumeric }, column) => {
          const text = row[column] ?? '';
          const tone = line === 0 ? undefined : toneOf(rows[line - 1]?.[column] ?? '');
          const space = ' '.repeat(width - displayWidth(text));
          const painted = paint(text, tone, isColored);
          return isNumeric ? `${space}${painted}` : `${painted}${space}`;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export type Field = readonly [name: string, value: Cell | number | null | undefined];

/** Names and values, one a line; what is null is left out. */
export function fields(entries: readonly Field[], isColored = false): string {
  const shown = entries.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => {
      const cell: Cell = typeof value === 'number' ? String(value) : (value ?? '');
      return `${padToWidth(name, width)}  ${paint(printable(textOf(cell)), toneOf(cell), isColored)}`;
    })
    .join('\n');
}

/** How long ago that was: `42 s`, `3 min 20 s` */
export function since(time: string, nowMs = Date.now()): string {
  return age(nowMs - Date.parse(time));
}
