/** Statuses and times as the page shows them; what they mean in words is said in `contracts/words.ts`. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { knownWord } from '../../src/contracts/words.ts';
import { ownZone } from '../../src/domain/local-time.ts';
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

/** `the lane is paused` → `The lane is paused.`, with its times as the reader’s clock shows them. */
export function sentence(words: string): string {
  const local = localTimes(words);
  return `${local.charAt(0).toUpperCase()}${local.slice(1)}.`;
}

/** Whether its account, a budget or its type's level keeps it waiting. */
export function isHeld({ waiting, heldBy }: Pick<ActionSummary, 'waiting' | 'heldBy'>): boolean {
  return waiting !== null && heldBy !== null;
}

/** Why an action waits or what went wrong last, for a list. */
export function troubleOf(action: Pick<ActionSummary, 'waiting' | 'lastError' | 'heldBy'>): string | null {
  const trouble = isHeld(action) ? action.waiting : (action.lastError ?? action.waiting);
  return trouble === null ? null : localTimes(trouble);
}

const ACTOR_LENGTH = 34;

/** `cluster/namespace/aol/default/run` → the end, which differs. */
export function shortActor(actor: string): string {
  return actor.length > ACTOR_LENGTH ? `…${actor.slice(2 - ACTOR_LENGTH)}` : actor;
}

/** Where the reader is, by their browser: `Europe/Berlin`. All times of the page are of it. */
export const ZONE = ownZone();

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const zoneOf = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' });
const whole = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });

/** `09:41:07` today, `26 Nov 09:41:07` on another day. */
export function clockTime(iso: string): string {
  const date = new Date(iso);
  const today = new Date();
  if (date.toDateString() === today.toDateString()) return time.format(date);
  const format = date.getFullYear() === today.getFullYear() ? day : dayOfYear;
  return `${format.format(date)} ${time.format(date)}`;
}

/** `CET`: how the reader's zone is called at that moment. */
export function zoneAt(iso: string): string {
  const part = zoneOf.formatToParts(new Date(iso)).find(({ type }) => type === 'timeZoneName');
  return part?.value ?? ZONE;
}

/** `Sunday 29 November 2026 at 09:00:00 CET, in Europe/Berlin (2026-11-29T08:00:00.000Z)` */
export function wholeTime(iso: string): string {
  return `${whole.format(new Date(iso))}, in ${ZONE} (${iso})`;
}

const UTC_TIMES = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/gu;

/** Words of the server, whose times are UTC’s, with the times of the reader’s clock and its zone’s name. */
export function localTimes(words: string): string {
  return words.replace(UTC_TIMES, (iso) => (Number.isNaN(Date.parse(iso)) ? iso : `${clockTime(iso)} ${zoneAt(iso)}`));
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
