/** The execution log: followed as it grows, or held still to be read. */

import { useState } from 'preact/hooks';
import { LOG_EVENTS, LOG_LEVELS } from '../../src/domain/events.ts';
import { Empty, PageHead } from '../parts/basics.tsx';
import { ClearFilters, filtersOf, hasFilters, SelectFilter, TextFilter, wordsOf } from '../parts/filters.tsx';
import { Icon } from '../parts/icon.tsx';
import { LogTable } from '../parts/log-table.tsx';
import { Pager } from '../parts/pager.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { eventWords } from '../parts/words.ts';
import { laneChoices } from '../state/catalogue.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';

const FILTERS = ['q', 'level', 'event', 'lane', 'actor', 'actionId', 'tickId'] as const;
const PAGE_SIZE = 100;

const LEVELS = [
  { value: 'WARNING,ERROR', text: 'Warnings and errors' },
  ...LOG_LEVELS.map((level) => ({ value: level, text: level.charAt(0) + level.slice(1).toLowerCase() })),
];

export function LogsPage() {
  const filters = filtersOf([...FILTERS, 'cursor']);
  const { level, event, ...rest } = filters;
  const [follows, setFollows] = useState(true);
  const logs = useResource(
    JSON.stringify(filters),
    () =>
      client.listLogs({
        ...rest,
        level: wordsOf(level, LOG_LEVELS),
        event: wordsOf(event, LOG_EVENTS),
        limit: PAGE_SIZE,
      }),
    {
      isLive: follows && filters.cursor === undefined,
      isAbout: ({ lane, actionId }) =>
        (filters.lane === undefined || lane === filters.lane) &&
        (filters.actionId === undefined || actionId === filters.actionId),
    },
  );
  return (
    <>
      <PageHead title="Logs">
        Each change of state and each act of a person, newest first. Rows are never changed.
      </PageHead>
      <section class="panel" aria-label="Log">
        <div class="panel-body">
          <search class="filters">
            <TextFilter name="q" label="Find" placeholder="words" />
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
            <ClearFilters names={FILTERS} />
            <button type="button" class="button" aria-pressed={follows} onClick={() => setFollows(!follows)}>
              <Icon name={follows ? 'live' : 'pause'} />
              {follows ? 'Following' : 'Held still'}
            </button>
          </search>
          {filters.actionId && (
            <p class="quiet">
              Of <a href={`/actions/${filters.actionId}`}>one action</a> alone.
            </p>
          )}
          {filters.tickId && <p class="quiet">Of one tick alone.</p>}
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
