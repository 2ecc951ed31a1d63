/** The days of a week or a month, with what is due on each. On a narrow screen they are a list. */

import { useState } from 'preact/hooks';
import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { counted } from '../../src/contracts/words.ts';
import { dayWords } from '../parts/days.ts';
import { addressOf } from '../state/address.ts';
import { Entry } from './entry.tsx';

/** So many of a day stand in a month; the rest is a press away. */
const SHOWN_IN_MONTH = 4;

interface DaysProps {
  readonly days: readonly string[];
  readonly today: string;
  /** The month that is shown; other days are beside it. Absent: a week. */
  readonly month?: string | undefined;
  readonly entries: ReadonlyMap<string, readonly ActionSummary[]>;
  readonly filters: Readonly<Record<string, string | undefined>>;
  readonly move: (id: string, day?: string) => void;
}

export function Days({ days, today, month, entries, filters, move }: DaysProps) {
  return (
    <ol class="calendar" data-view={month === undefined ? 'week' : 'month'}>
      {days.map((day) => (
        <Day
          key={day}
          day={day}
          isToday={day === today}
          isBeside={month !== undefined && day.slice(0, 7) !== month}
          entries={entries.get(day) ?? []}
          most={month === undefined ? Number.POSITIVE_INFINITY : SHOWN_IN_MONTH}
          filters={filters}
          move={move}
        />
      ))}
    </ol>
  );
}

interface DayProps extends Pick<DaysProps, 'filters' | 'move'> {
  readonly day: string;
  readonly isToday: boolean;
  readonly isBeside: boolean;
  readonly entries: readonly ActionSummary[];
  readonly most: number;
}

function Day({ day, isToday, isBeside, entries, most, filters, move }: DayProps) {
  const [isOver, setOver] = useState(false);
  const rest = entries.length - most;
  return (
    <li
      class="calendar-day"
      data-day={day}
      data-today={isToday || undefined}
      data-beside={isBeside || undefined}
      data-empty={entries.length === 0 || undefined}
      data-over={isOver || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        move(event.dataTransfer?.getData('text/plain') ?? '', day);
      }}
    >
      <h3>
        <span class="visually-hidden">{dayWords(day, 'long')}</span>
        <span aria-hidden="true" class="day-short">
          {dayWords(day, 'short')}
        </span>
        <span aria-hidden="true" class="day-long">
          {dayWords(day, 'long')}
        </span>
        {isToday && <span class="tag">Today</span>}
      </h3>
      {entries.length > 0 && (
        <ul class="entries">
          {entries.slice(0, most).map((action) => (
            <Entry key={action.id} action={action} move={move} />
          ))}
        </ul>
      )}
      {rest > 0 && (
        <a href={addressOf('/calendar', { ...filters, view: 'week', day })}>{counted(rest, 'more', 'more')}</a>
      )}
    </li>
  );
}
