/** How values of options are read. */

import { InvalidArgumentError } from 'commander';

/** One of several words, or more of them parted by commas. */
export function listOf<Word extends string>(words: readonly Word[]): (text: string) => Word[] {
  return (text) =>
    text.split(',').map((part) => {
      const word = words.find((one) => one === part.trim());
      if (word === undefined) throw new InvalidArgumentError(`must be one of ${words.join(', ')}`);
      return word;
    });
}

/** A whole number within bounds. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = readWholeNumber(text);
    if (value !== undefined && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`must be a whole number from ${minimum} to ${maximum}`);
  };
}

/** Undefined for a text that is none. */
export function readWholeNumber(text: string): number | undefined {
  return /^-?\d{1,12}$/.test(text) ? Number(text) : undefined;
}

/** `250ms`, `30s`, `5m`, `2h`, in milliseconds. */
export function durationMs(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})(ms|s|m|h)$/.exec(text) ?? [];
  const factor = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit];
  if (factor === undefined) throw new InvalidArgumentError('must be a time such as 30s, 5m or 2h');
  return Number(number) * factor;
}
