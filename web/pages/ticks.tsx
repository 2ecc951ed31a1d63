/** The tick ledger: each round of work, what it claimed and how that ended. */

import type { Tick } from '../../src/contracts/http/tick.ts';
import { count, duration } from '../../src/contracts/words.ts';
import { At, Empty, ModeTag, PageHead, Tag } from '../parts/basics.tsx';
import { ClearFilters, filtersOf, SelectFilter } from '../parts/filters.tsx';
import { Pager } from '../parts/pager.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { tickWords } from '../parts/tick-words.ts';
import { laneChoices } from '../state/catalogue.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';

const PAGE_SIZE = 50;

export function TicksPage() {
  const filters = filtersOf(['lane', 'cursor']);
  const ticks = useResource(JSON.stringify(filters), () => client.listTicks({ ...filters, limit: PAGE_SIZE }), {
    everyMs: 3_000,
  });
  return (
    <>
      <PageHead title="Ticks">
        One row for each round of work. Claimed = succeeded + failed + retried + released + awaiting + running. A lane
        that was REAL also proves; failed are dead letters and what nobody could confirm.
      </PageHead>
      <section class="panel" aria-label="Tick ledger">
        <div class="panel-body">
          <search class="filters">
            <SelectFilter name="lane" label="Lane" choices={laneChoices()} />
            <ClearFilters names={['lane']} />
          </search>
        </div>
        <ResourceView of={ticks} what="ticks">
          {(list) =>
            list.items.length === 0 ? (
              <Empty title="No tick yet" icon="ticks">
                The first one comes when a worker runs. <a href="/enqueue">Queue something</a> for it to do.
              </Empty>
            ) : (
              <>
                <TickTable ticks={list.items} />
                <Pager list={list} what="ticks" />
              </>
            )
          }
        </ResourceView>
      </section>
    </>
  );
}

const COUNTS = ['claimed', 'succeeded', 'failed', 'retried', 'released', 'awaiting', 'running'] as const;

function TickTable({ ticks }: { readonly ticks: readonly Tick[] }) {
  return (
    <table class="table cards ticks">
      <thead>
        <tr>
          <th scope="col">Tick</th>
          <th scope="col">Lane</th>
          <th scope="col">Outcome</th>
          <th scope="col">Lane was</th>
          {COUNTS.map((name) => (
            <th key={name} scope="col" class="right">
              {name.charAt(0).toUpperCase() + name.slice(1)}
            </th>
          ))}
          <th scope="col" class="right">
            Took
          </th>
          <th scope="col">Started</th>
        </tr>
      </thead>
      <tbody>
        {ticks.map((tick) => (
          <tr key={tick.id} title={tick.error ?? undefined}>
            <td class="number" data-label="tick">
              {count(tick.number)}
            </td>
            <td>{tick.lane}</td>
            <td>
              <Outcome tick={tick} />
            </td>
            <td>
              <ModeTag mode={tick.mode} />
            </td>
            {COUNTS.map((name) => (
              <td key={name} class="right number" data-label={name} data-zero={tick[name] === 0 || undefined}>
                {count(tick[name])}
                {name === 'failed' && tick.unconfirmed > 0 && <small> ({count(tick.unconfirmed)} unconfirmed)</small>}
              </td>
            ))}
            <td class="right number" data-label="took">
              {tick.durationMs === null ? '–' : duration(tick.durationMs)}
            </td>
            <td>
              <At iso={tick.startedAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Outcome({ tick }: { readonly tick: Tick }) {
  const { word, tone, icon } = tickWords(tick);
  return (
    <span class="outcome">
      <Tag tone={tone} icon={icon}>
        {word}
      </Tag>
      {tick.repeats > 1 && <span class="quiet number">× {count(tick.repeats)}</span>}
      {tick.error && <span class="visually-hidden">: {tick.error}</span>}
    </span>
  );
}
