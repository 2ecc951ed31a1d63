/** What waits for a person: approvals, unconfirmed effects, dead letters. Nothing here happens without a press and a question. */

import type { ActionSummary, ActionSummaryList } from '../../src/contracts/http/action.ts';
import { count, counted } from '../../src/contracts/words.ts';
import { Approval } from '../decisions/approval.tsx';
import { DeadLetters } from '../decisions/dead-letters.tsx';
import { useHeldList } from '../decisions/held.ts';
import { Unconfirmed } from '../decisions/unconfirmed.tsx';
import { Empty, Note, PageHead } from '../parts/basics.tsx';
import { Icon } from '../parts/icon.tsx';
import { Pager } from '../parts/pager.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { STATUS_WORDS, shortened } from '../parts/words.ts';
import { addressOf, query } from '../state/address.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { totals } from '../state/status.ts';

const KINDS = ['AWAITING_APPROVAL', 'UNCONFIRMED', 'DLQ'] as const;
type Kind = (typeof KINDS)[number];

const PAGE_SIZE = 10;

export function DecisionsPage() {
  const named = query.value.get('show');
  const sums = totals.value;
  // Without a choice: what waits, most urgent first.
  const kind = KINDS.find((one) => one === named) ?? KINDS.find((one) => (sums[one] ?? 0) > 0) ?? 'AWAITING_APPROVAL';
  return (
    <>
      <PageHead title="Decisions">What waits for a person. Each is asked once more before it is done.</PageHead>
      <nav class="kinds" aria-label="Kinds of decisions">
        {KINDS.map((one) => (
          <a
            key={one}
            href={addressOf('/decisions', { show: one })}
            aria-current={one === kind ? 'page' : undefined}
            data-tone={(sums[one] ?? 0) > 0 ? STATUS_WORDS[one].tone : 'none'}
          >
            <Icon name={STATUS_WORDS[one].icon} />
            {one === 'DLQ' ? 'Dead letters' : one === 'UNCONFIRMED' ? 'Unconfirmed' : 'Approvals'}
            <b class="number">{count(sums[one] ?? 0)}</b>
          </a>
        ))}
      </nav>
      <Waiting key={kind} kind={kind} />
    </>
  );
}

function Waiting({ kind }: { readonly kind: Kind }) {
  const cursor = query.value.get('cursor') ?? undefined;
  const lane = query.value.get('lane') ?? undefined;
  const type = query.value.get('type') ?? undefined;
  const key = JSON.stringify([kind, cursor, lane, type]);
  const list = useResource(
    key,
    () =>
      client.listActionSummaries({
        status: kind,
        cursor,
        lane,
        type,
        limit: PAGE_SIZE,
        // What runs out first is to be decided first.
        ...(kind === 'AWAITING_APPROVAL' && { order: 'expires' }),
      }),
    { isAbout: ({ actionId }) => actionId !== null },
  );
  if (kind === 'DLQ') return <DeadLetters list={list} filter={{ lane, type }} />;
  return (
    <section class="panel" aria-label={kind === 'UNCONFIRMED' ? 'Unconfirmed' : 'Approvals'}>
      <ResourceView of={list} what="what waits">
        {(data) => <Decisions key={list.isOld ? 'old' : key} data={data} reload={list.reload} kind={kind} />}
      </ResourceView>
    </section>
  );
}

interface DecisionsProps {
  readonly data: ActionSummaryList;
  readonly reload: () => void;
  readonly kind: Kind;
}

function Decisions({ data, reload, kind }: DecisionsProps) {
  const { actions, gone, fresh, renew } = useHeldList(data.items);
  const Card = kind === 'UNCONFIRMED' ? Unconfirmed : Approval;
  const onDone = () => {
    renew();
    reload();
  };
  if (actions.length === 0) return <Nothing kind={kind} />;
  return (
    <>
      <div role="status">
        {fresh > 0 && (
          <Note tone="idle" icon="inbox">
            {counted(fresh, 'more waits', 'more wait')}.{' '}
            <button type="button" class="button" data-size="small" onClick={renew}>
              Show
            </button>
          </Note>
        )}
      </div>
      <ul>
        {actions.map((action: ActionSummary) => (
          <li key={action.id} class="decision" data-id={action.id}>
            {gone.has(action.id) ? <Gone action={action} /> : <Card action={action} onDone={onDone} />}
          </li>
        ))}
      </ul>
      <Pager list={data} what="waiting" {...(kind === 'AWAITING_APPROVAL' && { turns: ['First', 'Next'] as const })} />
    </>
  );
}

/** Its place stays, so that the others keep theirs. */
function Gone({ action }: { readonly action: ActionSummary }) {
  return (
    <p class="quiet">
      <a href={`/actions/${action.id}`}>{shortened(action.summary, 140)}</a> no longer waits: it was decided elsewhere,
      or ran out.
    </p>
  );
}

function Nothing({ kind }: { readonly kind: Kind }) {
  return kind === 'UNCONFIRMED' ? (
    <Empty title="Nothing is unconfirmed" icon="check">
      An effect stands here when it may or may not have happened and the receiver could not be asked.
    </Empty>
  ) : (
    <Empty title="Nothing waits for approval" icon="check">
      A lane asks for a person when its <a href="/settings">approval_policy</a> says so, or whoever queues an action
      does.
    </Empty>
  );
}
