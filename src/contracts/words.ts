/** How statuses, numbers and times are said: the same words in the terminal and in the dashboard. */

import type { ActionStatus } from '../domain/states.ts';
import { ACTION_STATUSES } from '../domain/states.ts';

/** The word as one of those that are known here; undefined when only a newer server knows it. */
export function knownWord<const Word extends string>(words: readonly Word[], word: string): Word | undefined {
  return words.find((known) => known === word);
}

const MEANINGS: Readonly<Record<ActionStatus, string>> = {
  PENDING: 'waits for its turn',
  RUNNING: 'is at work now',
  RETRY: 'was not sent, and will be tried again',
  AWAITING_APPROVAL: 'waits for a person to approve it',
  SUCCESS: 'was sent',
  UNCONFIRMED: 'may have been sent, or not: a person must find out',
  DLQ: 'failed for good: replay or clear it',
  CANCELLED: 'will not be done',
};

/** What a status means, to be said after "it". In PROOF a SUCCESS sent nothing; without a mode it may be either. */
export function statusMeaning(status: string, mode?: string): string {
  const known = knownWord(ACTION_STATUSES, status);
  if (known === undefined) return `is ${status}, a status that only a newer version knows`;
  if (known === 'SUCCESS' && mode === undefined) return 'was proved, or sent in REAL';
  return known === 'SUCCESS' && mode === 'PROOF' ? 'was proved, nothing was sent' : MEANINGS[known];
}

const grouped = new Intl.NumberFormat('en');

export function count(value: number): string {
  return grouped.format(value);
}

/** `1 action`, `12 actions`, `1,200 actions` */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `340 ms`, `2.4 s`, `3 min 20 s`, `5 h 12 min`, `9 d 4 h` */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return pair(seconds, 60, 'min', 's');
  if (seconds < 86_400) return pair(Math.floor(seconds / 60), 60, 'h', 'min');
  return pair(Math.floor(seconds / 3_600), 24, 'd', 'h');
}

function pair(small: number, base: number, bigUnit: string, smallUnit: string): string {
  const rest = small % base;
  const big = `${Math.floor(small / base)} ${bigUnit}`;
  return rest === 0 ? big : `${big} ${rest} ${smallUnit}`;
}

/** For ages that stand still while one reads: whole seconds and more. */
export function age(milliseconds: number): string {
  return milliseconds < 1_000 ? 'now' : duration(Math.floor(milliseconds / 1_000) * 1_000).replace('.0 s', ' s');
}

/** `just now`, `12 s ago` */
export function ago(milliseconds: number): string {
  return milliseconds < 1_000 ? 'just now' : `${age(milliseconds)} ago`;
}
