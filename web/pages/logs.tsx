/** The execution log: followed as it grows, or held still to be read. */

import { useState } from 'preact/hooks';
import { LOG_EVENTS, LOG_LEVELS } from '../../src/domain/events.ts';
import { Empty, PageHead } from '../parts/basics.tsx';
import { rangeOf } from '../parts/days.ts';
import {
  ClearFilters,
  DayFilter,
  filtersOf,
  hasFilters,
  MoreFilters,
  SelectFilter,
  TextFilter,
  wordsOf,
} from '../parts/filters.tsx';
import { Icon } from '../parts/icon.tsx';
import { LogTable } from '../parts/log-table.tsx';
import { Pager } from '../parts/pager.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { SavedFilters } from '../parts/saved-filters.tsx';
import { eventWords } from '../parts/words.ts';
import { addressOf } from '../state/address.ts';
import { laneChoices } from '../state/catalogue.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';

const MORE = ['level', 'event', 'actor', 'lane'] as const;
const FILTERS = ['q', 'people', 'from', 'to', ...MORE, 'actionId', 'tickId'] as const;
const PAGE_SIZE = 100;

const LEVELS = [
  { value: 'WARNING,ERROR', text: 'Warnings and errors' },
  ...LOG_LEVELS.map((level) => ({ value: level, text: level.charAt(0) + level.slice(1).toLowerCase() })),
];

export function LogsPage() {
  const filters = filtersOf([...FILTERS, 'cursor']);
  const { cursor, from, to, people, level, event, ...rest } = filters;
  const asked = { ...rest, ...rangeOf(from, to), ...(people === 'true' && { people: true }) };
  const [levels, events] = [wordsOf(level, LOG_LEVELS), wordsOf(event, LOG_EVENTS)];
  const [follows, setFollows] = useState(true);
  const logs = useResource(
    JSON.stringify(filters),
    () => client.listLogs({ ...asked, level: levels, event: events, cursor, limit: PAGE_SIZE }),
    {
      isLive: follows && cursor === undefined,
      isAbout: ({ lane, actionId }) =>
        (filters.lane === undefined || lane === filters.lane) &&
        (filters.actionId === undefined || actionId === filters.actionId),
    },
  );
  const csvAddress = addressOf('/v1/logs', {
    ...rest,
    ...rangeOf(from, to),
    people: people === 'true' ? people : undefined,
    level: levels?.join(),
    event: events?.join(),
    format: 'csv',
  });
  return (
    <>
      <PageHead title="Logs">
        Every change of state and everything that people did, newest first. Rows are never changed.
      </PageHead>
      <section class="panel" aria-label="Log">
        <div class="panel-body">
          <search class="filters">
            <TextFilter name="q" label="Find" placeholder="words" />
            <SelectFilter
              name="people"
              label="Acts of"
              none="Everybody"
              choices={[{ value: 'true', text: 'People and their programs' }]}
            />
            <DayFilter name="from" label="From" />
            <DayFilter name="to" label="Until" />
            <ClearFilters names={FILTERS} />
            <button type="button" class="button" aria-pressed={follows} onClick={() => setFollows(!follows)}>
              <Icon name={follows ? 'live' : 'pause'} />
              {follows ? 'Following' : 'Held still'}
            </button>
            <a class="button" href={csvAddress} download="aol-log.csv">
              Download as CSV
            </a>
          </search>
          <MoreFilters names={MORE}>
            <SelectFilter name="level" label="Level" choices={LEVELS} />
            <SelectFilter
              name="event"
              label="Event"
              choices={LOG_EVENTS.map((event) => ({ value: event, text: eventWords(event) }))}
            />
            <SelectFilter
              name="lane"
              label="Lane"
              choices={[{ value: '*', text: 'all lanes (*)' }, ...laneChoices()]}
            />
            <TextFilter name="actor" label="By" placeholder="engine, admin, …" />
          </MoreFilters>
          <SavedFilters names={FILTERS} />
          {filters.actionId && (
            <p class="quiet">
              Of <a href={`/actions/${filters.actionId}`}>one action</a> alone.
            </p>
          )}
          {filters.tickId && <p class="quiet">Only one tick.</p>}
        </div>
        <ResourceView of={logs} what="the log">
          {(list) =>
            list.items.length === 0 ? (
              <Empty title={hasFilters(FILTERS) ? 'No row fits' : 'Nothing has happened yet'}>
                {hasFilters(FILTERS) ? <ClearFilters names={FILTERS} /> : <a href="/enqueue">Queue the first action</a>}
              </Empty>
            ) : (
              <>
                <LogTable entries={list.items} />
                <Pager list={list} what="rows" />
              </>
            )
          }
        </ResourceView>
      </section>
    </>
  );
}
