/** What waits for a person: approvals, unconfirmed effects, dead letters. Nothing here happens without a press and a question. */

import { useRef } from 'preact/hooks';
import { count } from '../../src/contracts/words.ts';
import { DeadLetterGroups } from '../decisions/dead-letter-groups.tsx';
import { FILTERS, KIND_TITLES, KINDS, type Kind, kindOf } from '../decisions/kinds.ts';
import { DecisionList } from '../decisions/list.tsx';
import { PageHead } from '../parts/basics.tsx';
import { ClearFilters, filtersOf, SelectFilter, TextFilter } from '../parts/filters.tsx';
import { Icon } from '../parts/icon.tsx';
import { Pager } from '../parts/pager.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { STATUS_WORDS } from '../parts/words.ts';
import { addressOf, query } from '../state/address.ts';
import { accountChoices, laneChoices, typeChoices, useAccounts, useAdapters } from '../state/catalogue.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { status, totals } from '../state/status.ts';

const PAGE_SIZE = 100;

export function DecisionsPage() {
  // Without a name: what waited when the status was known first. It stays while one looks.
  const pinned = useRef<Kind | null>(null);
  const named = query.value.get('show');
  const kind = kindOf(named ?? pinned.current);
  pinned.current = named === null && status.value ? kind : null;
  const sums = totals.value;
  return (
    <>
      <PageHead title="Decisions">What waits for a person. Every decision asks once more before it is made.</PageHead>
      <nav class="kinds" aria-label="Kinds of decisions">
        {KINDS.map((one) => (
          <a
            key={one}
            href={addressOf('/decisions', { show: one, ...filtersOf(FILTERS) })}
            aria-current={one === kind ? 'page' : undefined}
            data-tone={(sums[one] ?? 0) > 0 ? STATUS_WORDS[one].tone : 'none'}
          >
            <Icon name={STATUS_WORDS[one].icon} />
            {KIND_TITLES[one]}
            <b class="number">{count(sums[one] ?? 0)}</b>
          </a>
        ))}
      </nav>
      <Waiting key={kind} kind={kind} />
    </>
  );
}

function Waiting({ kind }: { readonly kind: Kind }) {
  const filter = filtersOf(FILTERS);
  const cursor = query.value.get('cursor') ?? undefined;
  const key = JSON.stringify([kind, cursor, filter]);
  const list = useResource(
    key,
    () =>
      client.listActionSummaries({
        ...filter,
        status: kind,
        cursor,
        limit: PAGE_SIZE,
        // What runs out first is to be decided first.
        ...(kind === 'AWAITING_APPROVAL' && { order: 'expires' }),
      }),
    { isAbout: ({ actionId }) => actionId !== null },
  );
  return (
    <section class="panel" aria-label={KIND_TITLES[kind]}>
      <div class="panel-body">
        <search class="filters">
          <SelectFilter name="lane" label="Lane" choices={laneChoices()} />
          <SelectFilter name="account" label="Account" choices={accountChoices(useAccounts().data)} />
          <SelectFilter name="type" label="Type" choices={typeChoices(useAdapters().data)} />
          <TextFilter name="createdBy" label="Asked by" placeholder="admin, agent-1, …" />
          <ClearFilters names={FILTERS} />
        </search>
      </div>
      <ResourceView of={list} what="what waits">
        {(data) => (
          <>
            {kind === 'DLQ' && <DeadLetterGroups filter={filter} onDone={list.reload} />}
            <DecisionList key={list.isOld ? 'old' : key} data={data} reload={list.reload} kind={kind} filter={filter} />
            {(data.nextCursor !== null || cursor !== undefined) && (
              <Pager
                list={data}
                what="waiting"
                {...(kind === 'AWAITING_APPROVAL' && { turns: ['First', 'Next'] as const })}
              />
            )}
          </>
        )}
      </ResourceView>
    </section>
  );
}
