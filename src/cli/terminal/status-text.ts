/** The status as people read it: a page, and a line for each lane. */

import type { AccountWarning } from '../../contracts/http/account.ts';
import type { NoticeDestinationStatus } from '../../contracts/http/notice.ts';
import type { Dependency, LaneStatus, Status } from '../../contracts/http/status.ts';
import { counted, duration } from '../../contracts/words.ts';
import { printable } from '../../domain/printable.ts';
import type { ActionStatus } from '../../domain/states.ts';
import { type Cell, healthWord, modeWord } from './paint.ts';
import { fields, table } from './text.ts';
import { when, withLocalTimes } from './time.ts';

/** The columns that count actions, and under which title. */
const COUNTS: readonly (readonly [title: string, status: ActionStatus])[] = [
  ['PENDING', 'PENDING'],
  ['RUNNING', 'RUNNING'],
  ['RETRY', 'RETRY'],
  ['APPROVAL', 'AWAITING_APPROVAL'],
  ['SUCCESS', 'SUCCESS'],
  ['UNCONFIRMED', 'UNCONFIRMED'],
  ['DLQ', 'DLQ'],
];

/** @param where which AOL it is */
export function statusPage(status: Status, where: string, isColored: boolean): string {
  const { workers, dependencies, lanes } = status;
  const head = fields(
    [
      ['aol', where],
      ['mode', { ...modeWord(status.mode), text: `${status.mode}: ${whatIsSent(status)} (${status.why})` }],
      [
        'workers',
        {
          text: `${workers.count} (${workers.proof} PROOF, ${workers.real} REAL)`,
          tone: workers.count === 0 ? 'bad' : undefined,
        },
      ],
      ['postgres', health(dependencies.postgres)],
      ['temporal', health(dependencies.temporal)],
    ],
    isColored,
  );
  const parts = [head];
  if (lanes.length > 0) parts.push(laneTable(lanes, isColored));
  if (status.accounts.length > 0) parts.push(status.accounts.map(accountLine).join('\n'));
  const failing = status.notices.flatMap(failingLine);
  if (failing.length > 0) parts.push(failing.join('\n'));
  return parts.join('\n\n');
}

function whatIsSent({ mode, lanes }: Status): string {
  const real = lanes.filter((lane) => lane.mode === 'REAL');
  if (mode === 'PROOF') return 'nothing is sent';
  const areStopped = real.length > 0 && real.every((lane) => stopped(lane) !== '');
  return areStopped ? 'nothing is sent while its lanes are killed or paused' : 'it is sent';
}

function failingLine({ destination, failing }: NoticeDestinationStatus): string[] {
  if (failing === null) return [];
  const { since, attempts, error } = failing;
  return [
    printable(`notices to ${destination} do not arrive since ${since} (${counted(attempts, 'attempt')}): ${error}`),
  ];
}

function accountLine({ name, state, reason, until, tokenExpiresAt, waiting }: AccountWarning): string {
  const isWell = state === 'ready' || state === 'not_checked';
  const words = isWell
    ? `its token runs out at ${when(tokenExpiresAt)}`
    : `${state}: ${withLocalTimes(reason ?? '')}${until ? `, until ${when(until)}` : ''}`;
  return printable(`account ${name}: ${words}${waiting > 0 ? ` (${waiting} wait for it)` : ''}`);
}

export function laneTable(lanes: readonly LaneStatus[], isColored: boolean): string {
  const titles = ['LANE', 'MODE', 'LEASE', ...COUNTS.map(([title]) => title), 'OLDEST DUE', 'LAST TICK', 'NOTE'];
  return table(titles, lanes.map(laneRow), isColored);
}

function health({ ok, detail }: Dependency): Cell {
  return ok ? `ok: ${detail}` : { text: `AWAY: ${detail}`, tone: 'bad' };
}

function laneRow(lane: LaneStatus): Cell[] {
  const note = stopped(lane);
  return [
    lane.lane,
    modeWord(lane.mode),
    healthWord(lane.lease.health),
    ...COUNTS.map(([, status]): Cell => countCell(status, lane.counts[status] ?? 0)),
    lane.oldestDueAgeMs === null ? '-' : duration(lane.oldestDueAgeMs),
    lane.lastTick === null ? '-' : `#${lane.lastTick.number} ${lane.lastTick.outcome ?? 'open'}`,
    { text: note, tone: 'bad' },
  ];
}

/** What waits for a person stands out. */
function countCell(status: ActionStatus, count: number): Cell {
  const text = String(count);
  if (count === 0) return text;
  if (status === 'AWAITING_APPROVAL') return { text, tone: 'warn' };
  return status === 'UNCONFIRMED' || status === 'DLQ' ? { text, tone: 'bad' } : text;
}

function stopped({ flags }: LaneStatus): string {
  return (['killed', 'paused'] as const).filter((name) => flags[name] === true).join(', ');
}

/** A line for the whole and one for each lane, without what changes from second to second: ages, times. */
export function statusLines(status: Status): string[] {
  const away = Object.entries(status.dependencies).flatMap(([name, { ok }]) => (ok ? [] : [`${name} AWAY`]));
  const whole = [`mode ${status.mode}`, `workers ${status.workers.count}`, ...away].join(', ');
  return [whole, ...status.lanes.map(laneLine)];
}

function laneLine(lane: LaneStatus): string {
  const counts = COUNTS.map(([title, status]) => `${title} ${lane.counts[status] ?? 0}`).join(' ');
  const note = stopped(lane);
  return `lane ${lane.lane} ${lane.mode} lease ${lane.lease.health} ${counts}${note === '' ? '' : ` ${note}`}`;
}
