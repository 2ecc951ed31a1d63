/** All actions: filters in the address, live rows, and what can be done to many at once. */

import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { ActionFilter } from '../../src/client/client.ts';
import { type ActionSummary, type ActionSummaryList, DUE_STATUSES } from '../../src/contracts/http/action.ts';
import { ACTION_MODES, ACTION_STATUSES, type ActionStatus } from '../../src/domain/states.ts';
import { At, Empty, ModeTag, PageHead, StatusTag } from '../parts/basics.tsx';
import { BulkBar } from '../parts/bulk.tsx';
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
import { Pager } from '../parts/pager.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { SavedFilters } from '../parts/saved-filters.tsx';
import { STATUS_WORDS, shortened, troubleOf } from '../parts/words.ts';
import { accountChoices, laneChoices, typeChoices, useAccounts, useAdapters } from '../state/catalogue.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';

const MORE = ['account', 'createdBy', 'mode', 'dueFrom', 'dueTo', 'createdFrom', 'createdTo', 'order'] as const;
const FILTERS = ['q', 'status', 'type', 'lane', ...MORE] as const;
const PAGE_SIZE = 50;
/** What the browser draws at once when a filter changes. It took up to 115 ms for all 50 on a busy machine. */
const ROWS_A_FRAME = 20;
const WAITING = 'AWAITING_APPROVAL,UNCONFIRMED,DLQ';
/** What has a time before it, so that it can be listed by that. */
const DUE_FIRST: readonly ActionStatus[] = DUE_STATUSES;
const isDue = (status: ActionStatus) => DUE_FIRST.includes(status);

export function ActionsPage() {
  const filters = filtersOf([...FILTERS, 'cursor']);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const { status, mode, order, dueFrom, dueTo, createdFrom, createdTo, ...rest } = filters;
  const statuses = wordsOf(status, ACTION_STATUSES);
  const isDueFirst = order === 'due' && filters.q === undefined && (statuses ?? DUE_FIRST).every(isDue);
  const [due, created] = [rangeOf(dueFrom, dueTo), rangeOf(createdFrom, createdTo)];
  const asked: ActionFilter = {
    ...rest,
    status: statuses,
    mode: wordsOf(mode, ACTION_MODES)?.[0],
    dueFrom: due.from,
    dueTo: due.to,
    createdFrom: created.from,
    createdTo: created.to,
    ...(isDueFirst && { order: 'due' }),
  };
  const list = useResource(JSON.stringify(filters), () => client.listActionSummaries({ ...asked, limit: PAGE_SIZE }), {
    isAbout: ({ actionId, lane }) => actionId !== null && (!filters.lane || lane === filters.lane),
  });
  const types = typeChoices(useAdapters().data);
  const accounts = accountChoices(useAccounts().data);
  const items = list.data?.items ?? [];
  const chosen = useMemo(() => items.filter(({ id }) => selected.has(id)), [items, selected]);
  const toggle = useCallback((id: string, isOn: boolean) => {
    setSelected((before) => new Set([...before].filter((one) => one !== id).concat(isOn ? id : [])));
  }, []);
  return (
    <>
      <PageHead title="Actions">
        Everything that was queued, {isDueFirst ? 'what is due first before the others' : 'newest first'}. Rows change
        as they happen.
      </PageHead>
      <section class="panel" aria-label="Actions">
        <div class="panel-body">
          <search class="filters">
            <TextFilter name="q" label="Find" placeholder="id, key or words" />
            <SelectFilter
              name="status"
              label="Status"
              choices={[
                { value: WAITING, text: 'Waits for a person' },
                { value: DUE_STATUSES.join(), text: 'Waits for its time or approval' },
                ...ACTION_STATUSES.map((value) => ({ value, text: STATUS_WORDS[value].word })),
              ]}
            />
            <SelectFilter name="type" label="Type" choices={types} />
            <SelectFilter name="lane" label="Lane" choices={laneChoices()} />
            <ClearFilters names={FILTERS} />
          </search>
          <MoreFilters names={MORE}>
            <SelectFilter name="account" label="Account" choices={accounts} />
            <TextFilter name="createdBy" label="Asked by" placeholder="admin, agent-1, …" />
            <SelectFilter name="mode" label="Mode" choices={ACTION_MODES.map((value) => ({ value, text: value }))} />
            <SelectFilter
              name="order"
              label="Order"
              none="Newest first"
              choices={[{ value: 'due', text: 'Due first' }]}
            />
            <DayFilter name="dueFrom" label="Due from" />
            <DayFilter name="dueTo" label="Due until" />
            <DayFilter name="createdFrom" label="Queued from" />
            <DayFilter name="createdTo" label="Queued until" />
            {order === 'due' && !isDueFirst && (
              <p class="quiet">The order “due first” works only for waiting actions, and without search words.</p>
            )}
          </MoreFilters>
          <SavedFilters names={FILTERS} />
        </div>
        {chosen.length > 0 && (
          <BulkBar
            actions={chosen}
            fitting={list.data?.nextCursor && chosen.length === items.length ? asked : undefined}
            onDone={() => setSelected(new Set())}
          />
        )}
        <ResourceView of={list} what="actions">
          {(data) =>
            data.items.length === 0 ? (
              <NoActions />
            ) : (
              <ActionTable
                key={list.key}
                list={data}
                selected={selected}
                toggle={toggle}
                toggleAll={(isOn) => setSelected(new Set(isOn ? data.items.map(({ id }) => id) : []))}
              />
            )
          }
        </ResourceView>
      </section>
    </>
  );
}

function NoActions() {
  return hasFilters(FILTERS) ? (
    <Empty title="No action fits">
      <ClearFilters names={FILTERS} />
    </Empty>
  ) : (
    <Empty title="Nothing has been queued yet">
      <a href="/enqueue">Queue the first action</a> here, or <code>npx aol enqueue</code> it. As a proof it sends
      nothing.
    </Empty>
  );
}

interface TableProps {
  readonly list: ActionSummaryList;
  readonly selected: ReadonlySet<string>;
  readonly toggle: (id: string, isOn: boolean) => void;
  readonly toggleAll: (isOn: boolean) => void;
}

function ActionTable({ list, selected, toggle, toggleAll }: TableProps) {
  const isAll = list.items.length > 0 && list.items.every(({ id }) => selected.has(id));
  const [drawn, setDrawn] = useState(ROWS_A_FRAME);
  // An effect runs after the paint, so each further part has a frame of its own.
  useEffect(() => {
    if (drawn < list.items.length) setDrawn(drawn + ROWS_A_FRAME);
  }, [drawn, list.items.length]);
  return (
    <>
      <table class="table cards">
        <thead>
          <tr>
            <th>
              <input
                type="checkbox"
                aria-label="Select all on this page"
                checked={isAll}
                onChange={(event) => toggleAll(event.currentTarget.checked)}
              />
            </th>
            <th scope="col">Status</th>
            <th scope="col">Mode</th>
            <th scope="col">What</th>
            <th scope="col" class="wide-only">
              Type
            </th>
            <th scope="col">Lane</th>
            <th scope="col" class="right wide-only">
              Attempts
            </th>
            <th scope="col">Due</th>
            <th scope="col">Changed</th>
          </tr>
        </thead>
        <tbody>
          {list.items.slice(0, drawn).map((action) => (
            <ActionRow key={action.id} action={action} isSelected={selected.has(action.id)} toggle={toggle} />
          ))}
        </tbody>
      </table>
      <Pager list={list} what="actions" />
    </>
  );
}

interface RowProps {
  readonly action: ActionSummary;
  readonly isSelected: boolean;
  readonly toggle: (id: string, isOn: boolean) => void;
}

/** Drawn anew only when something of it changed: rows stay cheap while others change. */
function ActionRow({ action, isSelected, toggle }: RowProps) {
  const { id, status, updatedAt, waiting, runAt } = action;
  return useMemo(() => {
    const what = action.summary;
    const trouble = troubleOf(action);
    return (
      <tr data-selected={isSelected ? '' : undefined} data-id={id}>
        <td>
          <input
            type="checkbox"
            aria-label={`Select ${shortened(what, 60)}`}
            checked={isSelected}
            onChange={(event) => toggle(id, event.currentTarget.checked)}
          />
        </td>
        <td>
          <StatusTag status={status} />
        </td>
        <td>
          <ModeTag mode={action.mode} />
        </td>
        <td class="cut">
          <a href={`/actions/${id}`} title={shortened(what, 300)}>
            {shortened(what, 160)}
          </a>
          {trouble && (
            <span class="quiet" title={shortened(trouble, 500)}>
              {shortened(trouble, 160)}
            </span>
          )}
        </td>
        <td class="quiet wide-only">{action.type}</td>
        <td data-label="Lane">{action.lane}</td>
        <td class="right number wide-only">
          {action.attempts} of {action.maxAttempts}
        </td>
        <td data-label="due">
          <At iso={runAt} />
        </td>
        <td data-label="changed">
          <At iso={updatedAt} />
        </td>
      </tr>
    );
  }, [id, status, updatedAt, runAt, waiting, isSelected, action.attempts, action.lastError, toggle]);
}
