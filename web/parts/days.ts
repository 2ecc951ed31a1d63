/** Days of the reader's calendar: `2026-11-29`. */

import { readTime, wallTime } from '../../src/domain/local-time.ts';
import { ZONE } from './words.ts';

const DAY = /^\d{4}-\d\d-\d\d$/u;

/** The day of a text, where it is one that exists. */
export function dayFrom(text: string | null | undefined): string | undefined {
  if (!text || !DAY.test(text)) return undefined;
  return readTime(`${text} 12:00 UTC`).ok ? text : undefined;
}

export function dayOf(at: Date): string {
  return wallTime(at, ZONE).slice(0, 10);
}

/** When it begins. Where the clocks are put forward at midnight that is at one. */
export function startOfDay(day: string): Date {
  for (const time of ['00:00', '00:30', '01:00']) {
    const read = readTime(`${day} ${time} ${ZONE}`);
    if (read.ok) return read.at;
  }
  return new Date(`${day}T00:00:00Z`);
}

export function addDays(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** The Monday of its week. */
export function mondayOf(day: string): string {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return addDays(day, -((weekday + 6) % 7));
}

export function firstOfMonth(day: string): string {
  return `${day.slice(0, 7)}-01`;
}

/** The first of the month that is so many months later. */
export function addMonths(day: string, months: number): string {
  const [year = 1970, month = 1] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}

/** A time range of days, as lists take it: from the first one's beginning until before the end of the last. */
export function rangeOf(from: string | undefined, to: string | undefined): { from?: string; to?: string } {
  const [first, last] = [dayFrom(from), dayFrom(to)];
  return {
    ...(first !== undefined && { from: startOfDay(first).toISOString() }),
    ...(last !== undefined && { to: startOfDay(addDays(last, 1)).toISOString() }),
  };
}

const formats = {
  /** `Sun 29` */
  short: new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', timeZone: 'UTC' }),
  /** `Sunday 29 November 2026` */
  long: new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' }),
  day: new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }),
  month: new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }),
} as const;

const midnight = (day: string) => new Date(`${day}T00:00:00Z`);

export function dayWords(day: string, form: keyof typeof formats): string {
  return formats[form].format(midnight(day));
}

/** `30 November – 6 December 2026` */
export function daysWords(first: string, last: string): string {
  return formats.day.formatRange(midnight(first), midnight(last));
}
