/** Words that must not be misread, each in its colour: PROOF and REAL above all. */

import { styleText } from 'node:util';
import { knownWord, statusMeaning } from '../../contracts/words.ts';
import { LOG_LEVELS } from '../../domain/events.ts';
import { LEASE_HEALTHS } from '../../domain/lease.ts';
import { ACTION_STATUSES, type ActionStatus } from '../../domain/states.ts';
import { control } from './guard.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'proof' | 'real' | 'busy' | 'faint';

/** A text with its colour. What it means stands in the text too: colours may be off. */
export interface Toned {
  readonly text: string;
  readonly tone: Tone | undefined;
}
export type Cell = string | Toned;

const STYLES = {
  good: 'green',
  warn: 'yellow',
  bad: 'red',
  proof: 'cyan',
  real: ['bold', 'white', 'bgRed'],
  busy: 'blue',
  faint: 'dim',
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>;

const SLOT = '-';

/** Colours a text, or not. */
export function paint(text: string, tone: Tone | undefined, isColored: boolean): string {
  if (!isColored || tone === undefined || text === '') return text;
  const [open = '', close = ''] = styleText(STYLES[tone], SLOT, { validateStream: false }).split(SLOT);
  return `${control(open)}${text}${control(close)}`;
}

export function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

export function toneOf(cell: Cell): Tone | undefined {
  return typeof cell === 'string' ? undefined : cell.tone;
}

export function modeWord(mode: string): Toned {
  return { text: mode, tone: mode === 'PROOF' ? 'proof' : 'real' };
}

/** A mode with what it means for an action, where there is room for it. */
export function modeWords(mode: string, awaitsApproval: boolean): Toned {
  if (mode === 'PROOF') return { text: 'PROOF: nothing is sent', tone: 'proof' };
  return { text: `${mode}: it is sent${awaitsApproval ? ' when a person has approved it' : ''}`, tone: 'real' };
}

const STATUS_TONES = {
  PENDING: undefined,
  RUNNING: 'busy',
  RETRY: 'warn',
  AWAITING_APPROVAL: 'warn',
  SUCCESS: 'good',
  UNCONFIRMED: 'bad',
  DLQ: 'bad',
  CANCELLED: 'faint',
} as const satisfies Record<ActionStatus, Tone | undefined>;

export function statusWord(status: string): Toned {
  return { text: status, tone: statusTone(status) };
}

/** A status with what it means in that mode: a SUCCESS in PROOF sent nothing. */
export function statusWords(status: string, mode: string): Toned {
  return { text: `${status}: it ${statusMeaning(status, mode)}`, tone: statusTone(status) };
}

function statusTone(status: string): Tone | undefined {
  const known = knownWord(ACTION_STATUSES, status);
  return known && STATUS_TONES[known];
}

const LEVEL_TONES = { DEBUG: 'faint', INFO: undefined, WARNING: 'warn', ERROR: 'bad' } as const;

export function levelWord(level: string): Toned {
  const known = knownWord(LOG_LEVELS, level);
  return { text: level, tone: known && LEVEL_TONES[known] };
}

const HEALTH_TONES = { GREEN: 'good', AMBER: 'warn', RED: 'bad' } as const;

export function healthWord(health: string): Toned {
  const known = knownWord(LEASE_HEALTHS, health);
  return { text: health, tone: known && HEALTH_TONES[known] };
}
