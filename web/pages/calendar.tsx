/** What goes out and when: a week or a month, by lane and account, in the reader's own time. */

import { useCallback, useRef } from 'preact/hooks';
import { ACTION_MODES } from '../../src/domain/states.ts';
import { Days } from '../calendar/days.tsx';
import { readEntries } from '../calendar/entries.ts';
import { isMovable, KIND_NAMES, KINDS } from '../calendar/kinds.ts';
import { askReschedule } from '../calendar/reschedule.tsx';
import { Note, PageHead } from '../parts/basics.tsx';
import { addDays, addMonths, dayFrom, dayOf, daysWords, dayWords, firstOfMonth, mondayOf } from '../parts/days.ts';
import { ClearFilters, filtersOf, SelectFilter, wordsOf } from '../parts/filters.tsx';
import { Icon } from '../parts/icon.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { SavedFilters } from '../parts/saved-filters.tsx';
import { ZONE, zoneAt } from '../parts/words.ts';
import { query, setQuery } from '../state/address.ts';
import { accountChoices, laneChoices, typeChoices, useAccounts, useAdapters } from '../state/catalogue.ts';
import { now } from '../state/clock.ts';
import { useResource } from '../state/resource.ts';

const FILTERS = ['lane', 'account', 'type', 'mode'] as const;
type View = 'week' | 'month';

export function CalendarPage() {
  const today = dayOf(new Date(now.value));
  const view: View = query.value.get('view') === 'month' ? 'month' : 'week';
  const day = dayFrom(query.value.get('day')) ?? today;
  const days = daysOf(view, day);
  const filters = filtersOf(FILTERS);
  const [from = day, to = day] = [days[0], days.at(-1)];
  const entries = useResource(
    JSON.stringify([from, to, filters]),
    () => readEntries(from, to, { ...filters, mode: wordsOf(filters.mode, ACTION_MODES)?.[0] }),
    { isAbout: ({ actionId, lane }) => actionId !== null && (!filters.lane || lane === filters.lane) },
  );
  const latest = useRef(entries);
  latest.current = entries;
  const move = useCallback((id: string, onto?: string) => {
    const all = [...(latest.current.data?.byDay.values() ?? [])].flat();
    const action = all.find((one) => one.id === id);
    const isSame = action && onto === dayOf(new Date(action.runAt));
    if (action && isMovable(action) && !isSame) askReschedule(action, onto, latest.current.reload);
  }, []);
  const types = typeChoices(useAdapters().data);
  const accounts = accountChoices(useAccounts().data);
  return (
    <>
      <PageHead title="Calendar">
        What is sent, and when. Times are those of {ZONE} ({zoneAt(new Date(now.value).toISOString())} now).
      </PageHead>
      <section class="panel" aria-label="Calendar">
        <div class="panel-body">
          <Turning view={view} day={day} today={today} days={days} />
          <search class="filters">
            <SelectFilter name="lane" label="Lane" choices={laneChoices()} />
            <SelectFilter name="account" label="Account" choices={accounts} />
            <SelectFilter name="type" label="Type" choices={types} />
            <SelectFilter
              name="mode"
              label="Mode"
              choices={ACTION_MODES.map((mode) => ({ value: mode, text: mode }))}
              none="Both"
            />
            <ClearFilters names={FILTERS} />
          </search>
          <SavedFilters names={FILTERS} />
          <Legend />
        </div>
        <ResourceView of={entries} what="what is due">
          {(data) => (
            <>
              {!data.isComplete && (
                <Note tone="warn" icon="warning">
                  There are more actions than this page can show. Choose a lane or an account.
                </Note>
              )}
              <Days
                days={days}
                today={today}
                month={view === 'month' ? day.slice(0, 7) : undefined}
                entries={data.byDay}
                filters={filters}
                move={move}
              />
            </>
          )}
        </ResourceView>
      </section>
    </>
  );
}

/** A month's weeks are whole, so that each day stands below its name. */
function daysOf(view: View, day: string): readonly string[] {
  const first = mondayOf(view === 'week' ? day : firstOfMonth(day));
  const last = addDays(mondayOf(view === 'week' ? day : addDays(addMonths(day, 1), -1)), 6);
  const days: string[] = [];
  for (let next = first; next <= last; next = addDays(next, 1)) days.push(next);
  return days;
}

interface TurningProps {
  readonly view: View;
  readonly day: string;
  readonly today: string;
  readonly days: readonly string[];
}

function Turning({ view, day, today, days }: TurningProps) {
  const turn = (by: number) => (view === 'week' ? addDays(day, 7 * by) : addMonths(day, by));
  const title = view === 'month' ? dayWords(day, 'month') : daysWords(days[0] ?? day, days.at(-1) ?? day);
  return (
    <div class="row calendar-turning">
      <h2 aria-live="polite">{title}</h2>
      <fieldset class="row" aria-label="Which days">
        <button type="button" class="button" data-size="small" onClick={() => setQuery({ day: turn(-1) })}>
          Previous {view}
        </button>
        <button
          type="button"
          class="button"
          data-size="small"
          disabled={days.includes(today) && day.slice(0, 7) === today.slice(0, 7)}
          onClick={() => setQuery({ day: '' })}
        >
          Today
        </button>
        <button type="button" class="button" data-size="small" onClick={() => setQuery({ day: turn(1) })}>
          Next {view}
        </button>
      </fieldset>
      <fieldset class="row" aria-label="How much of it">
        {(['week', 'month'] as const).map((one) => (
          <button
            key={one}
            type="button"
            class="button"
            data-size="small"
            aria-pressed={one === view}
            onClick={() => setQuery({ view: one === 'week' ? '' : one })}
          >
            {one === 'week' ? 'Week' : 'Month'}
          </button>
        ))}
      </fieldset>
    </div>
  );
}

function Legend() {
  return (
    <ul class="row calendar-legend" aria-label="What the signs mean">
      {KIND_NAMES.map((kind) => (
        <li key={kind} class="entry-sign" data-kind={kind}>
          <Icon name={KINDS[kind].icon} /> {KINDS[kind].word}
        </li>
      ))}
    </ul>
  );
}
