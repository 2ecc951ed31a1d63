/** How values of options are read. */

import { InvalidArgumentError } from 'commander';
import { readTime } from '../../domain/local-time.ts';
import type { CliIo } from './io.ts';

/** One of several words, or several of them, separated by commas. */
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

/** `250ms`, `30s`, `5m`, `2h`, `7d`, in milliseconds. */
export function durationMs(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  if (factor === undefined) throw new InvalidArgumentError('must be a time such as 30s, 5m, 2h or 7d');
  return Number(number) * factor;
}

/** A moment, and what to say of how it was read. */
export interface Moment {
  readonly iso: string;
  readonly note: string | undefined;
}

/** `2026-12-01 09:00 Europe/Berlin`, `2026-12-24T18:00:00Z` */
export function moment(text: string): Moment {
  const read = readTime(text);
  if (!read.ok) throw new InvalidArgumentError(read.rule);
  return { iso: read.at.toISOString(), note: read.note };
}

/** The moment as the API takes it. Where it is one of two, that is said. */
export function said(io: Pick<CliIo, 'talk'>, given: Moment | undefined): string | undefined {
  if (given?.note !== undefined) io.talk(`aol: ${given.note}`);
  return given?.iso;
}
