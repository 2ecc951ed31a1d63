/** Numbers, times and statuses as words. */

import { ACTION_STATUSES, type ActionStatus } from '../../src/domain/states.ts';
import type { IconName } from './icon.tsx';

export type Tone = 'idle' | 'run' | 'good' | 'warn' | 'bad';

export interface StatusWords {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: Tone;
  readonly meaning: string;
}

export const STATUS_WORDS: Readonly<Record<ActionStatus, StatusWords>> = {
  PENDING: { word: 'Pending', icon: 'clock', tone: 'idle', meaning: 'waits for its tick' },
  RUNNING: { word: 'Running', icon: 'running', tone: 'run', meaning: 'is at work now' },
  RETRY: { word: 'Retry', icon: 'retry', tone: 'run', meaning: 'was not sent, and will be tried again' },
  AWAITING_APPROVAL: {
    word: 'Awaiting approval',
    icon: 'hand',
    tone: 'warn',
    meaning: 'waits for a person to approve it',
  },
  SUCCESS: { word: 'Success', icon: 'check', tone: 'good', meaning: 'was proved, or sent in REAL' },
  UNCONFIRMED: {
    word: 'Unconfirmed',
    icon: 'question',
    tone: 'warn',
    meaning: 'may or may not have been sent: a person looks',
  },
  DLQ: { word: 'Dead letter', icon: 'cross', tone: 'bad', meaning: 'failed for good: replay or clear it' },
  CANCELLED: { word: 'Cancelled', icon: 'slash', tone: 'idle', meaning: 'will not be done' },
};

export function statusWords(status: string): StatusWords {
  const known = ACTION_STATUSES.find((name) => name === status);
  return known ? STATUS_WORDS[known] : { word: status, icon: 'question', tone: 'idle', meaning: '' };
}

const grouped = new Intl.NumberFormat('en');

export function count(value: number): string {
  return grouped.format(value);
}

/** `the lane is paused` → `The lane is paused.` */
export function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

const ACTOR_LENGTH = 34;

/** `cluster/namespace/aol/default/run` → the end, which differs. */
export function shortActor(actor: string): string {
  return actor.length > ACTOR_LENGTH ? `…${actor.slice(2 - ACTOR_LENGTH)}` : actor;
}

/** `1 action`, `12 actions` */
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

/** `just now`, `12 s ago` */
export function ago(milliseconds: number): string {
  return milliseconds < 1_000 ? 'just now' : `${age(milliseconds)} ago`;
}

/** For ages that stand still while one reads: whole seconds and more. */
export function age(milliseconds: number): string {
  return milliseconds < 1_000 ? 'now' : duration(Math.floor(milliseconds / 1_000) * 1_000).replace('.0 s', ' s');
}

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** `09:41:07` today, `26 Nov 09:41:07` before. */
export function clockTime(iso: string): string {
  const date = new Date(iso);
  const today = new Date();
  if (date.toDateString() === today.toDateString()) return time.format(date);
  const format = date.getFullYear() === today.getFullYear() ? day : dayOfYear;
  return `${format.format(date)} ${time.format(date)}`;
}

/** The first of a long text, cut at whole characters. */
export function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1).toWellFormed()}…` : text;
}
