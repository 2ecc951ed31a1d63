/** Results as people read them. */

import { age } from '../../contracts/words.ts';
import { printable } from '../../domain/printable.ts';
import { type Cell, paint, textOf, toneOf } from './paint.ts';
import { cutToWidth, displayWidth, padToWidth } from './width.ts';

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

/** Names and values, one a line; what is null is left out. A value of several lines cannot look like another name. */
export function fields(entries: readonly Field[], isColored = false): string {
  const shown = entries.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => {
      const cell: Cell = typeof value === 'number' ? String(value) : (value ?? '');
      const text = textOf(cell).replaceAll('\n', `\n${' '.repeat(width + 2)}`);
      return `${padToWidth(name, width)}  ${paint(text, toneOf(cell), isColored)}`;
    })
    .join('\n');
}

/** How long ago that was: `42 s`, `3 min 20 s` */
export function since(time: string, nowMs = Date.now()): string {
  return age(nowMs - Date.parse(time));
}
