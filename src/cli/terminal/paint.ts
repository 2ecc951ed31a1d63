/** Words that must not be misread, each in its colour: PROOF and REAL above all. */

import { styleText } from 'node:util';
import type { LogLevel } from '../../domain/events.ts';
import type { LeaseHealth } from '../../domain/lease.ts';
import type { ActionMode, ActionStatus } from '../../domain/states.ts';
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

export function modeWord(mode: ActionMode): Toned {
  return { text: mode, tone: mode === 'REAL' ? 'real' : 'proof' };
}

/** A mode with what it means, where there is room for it. */
export function modeWords(mode: ActionMode): Toned {
  return mode === 'REAL'
    ? { text: 'REAL: it is sent', tone: 'real' }
    : { text: 'PROOF: nothing is sent', tone: 'proof' };
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

export function statusWord(status: ActionStatus): Toned {
  return { text: status, tone: STATUS_TONES[status] };
}

/** A status with what it means in that mode: a SUCCESS in PROOF sent nothing. */
export function statusWords(status: ActionStatus, mode: ActionMode): Toned {
  return { text: `${status}: ${meaning(status, mode)}`, tone: STATUS_TONES[status] };
}

function meaning(status: ActionStatus, mode: ActionMode): string {
  switch (status) {
    case 'PENDING':
      return 'it waits for its turn';
    case 'RUNNING':
      return 'an attempt is under way';
    case 'RETRY':
      return 'an attempt failed, the next one comes';
    case 'AWAITING_APPROVAL':
      return 'a person must approve its artifact';
    case 'SUCCESS':
      return mode === 'REAL' ? 'it was sent' : 'it was proved, nothing was sent';
    case 'UNCONFIRMED':
      return 'it may have been sent or not, a person must find out';
    case 'DLQ':
      return 'it failed for good';
    case 'CANCELLED':
      return 'it was cancelled';
  }
}

const LEVEL_TONES = { DEBUG: 'faint', INFO: undefined, WARNING: 'warn', ERROR: 'bad' } as const;

export function levelWord(level: LogLevel): Toned {
  return { text: level, tone: LEVEL_TONES[level] };
}

const HEALTH_TONES = { GREEN: 'good', AMBER: 'warn', RED: 'bad' } as const;

export function healthWord(health: LeaseHealth): Toned {
  return { text: health, tone: HEALTH_TONES[health] };
}
