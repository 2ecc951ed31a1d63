/** Statuses and times as the page shows them; what they mean in words is said in `contracts/words.ts`. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { knownWord } from '../../src/contracts/words.ts';
import { ACTION_STATUSES, type ActionStatus } from '../../src/domain/states.ts';
import type { IconName } from './icon.tsx';

export type Tone = 'idle' | 'run' | 'good' | 'warn' | 'bad';

export interface StatusWords {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: Tone;
}

export const STATUS_WORDS: Readonly<Record<ActionStatus, StatusWords>> = {
  PENDING: { word: 'Pending', icon: 'clock', tone: 'idle' },
  RUNNING: { word: 'Running', icon: 'running', tone: 'run' },
  RETRY: { word: 'Retry', icon: 'retry', tone: 'run' },
  AWAITING_APPROVAL: { word: 'Awaiting approval', icon: 'hand', tone: 'warn' },
  SUCCESS: { word: 'Success', icon: 'check', tone: 'good' },
  UNCONFIRMED: { word: 'Unconfirmed', icon: 'question', tone: 'warn' },
  DLQ: { word: 'Dead letter', icon: 'cross', tone: 'bad' },
  CANCELLED: { word: 'Cancelled', icon: 'slash', tone: 'idle' },
};

export function statusWords(status: string): StatusWords {
  const known = knownWord(ACTION_STATUSES, status);
  return known ? STATUS_WORDS[known] : { word: status, icon: 'question', tone: 'idle' };
}

/** `the lane is paused` → `The lane is paused.` */
export function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

/** Whether its account keeps it waiting: the reason is that of its last attempt to speak, with the account and the time. */
export function isHeld({ waiting, lastError }: Pick<ActionSummary, 'waiting' | 'lastError'>): boolean {
  return waiting !== null && lastError !== null && waiting.startsWith(`${lastError} (account `);
}

/** Why an action waits or what went wrong last, for a list. */
export function troubleOf(action: Pick<ActionSummary, 'waiting' | 'lastError'>): string | null {
  return isHeld(action) ? action.waiting : (action.lastError ?? action.waiting);
}

const ACTOR_LENGTH = 34;

/** `cluster/namespace/aol/default/run` → the end, which differs. */
export function shortActor(actor: string): string {
  return actor.length > ACTOR_LENGTH ? `…${actor.slice(2 - ACTOR_LENGTH)}` : actor;
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

/** `RETRY_SCHEDULED` → `Retry scheduled` */
export function eventWords(event: string): string {
  const words = event.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
