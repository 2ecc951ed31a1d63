/** Dead letters: the reason of each; replay or clear one, or all that fit. */

import type { ActionSummaryList } from '../../src/contracts/http/action.ts';
import type { DlqInput } from '../../src/contracts/http/decisions.ts';
import { count, counted } from '../../src/contracts/words.ts';
import { ActButton } from '../parts/act-button.tsx';
import { At, Empty, Tag } from '../parts/basics.tsx';
import { ask } from '../parts/confirm.tsx';
import { DecisionButtons } from '../parts/decide.tsx';
import { ClearFilters, SelectFilter } from '../parts/filters.tsx';
import { Pager } from '../parts/pager.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { laneChoices, useAdapters } from '../state/catalogue.ts';
import { errorText } from '../state/errors.ts';
import type { Resource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';
import { DecisionHead } from './head.tsx';

interface Filter {
  readonly lane: string | undefined;
  readonly type: string | undefined;
}

export function DeadLetters({ list, filter }: { readonly list: Resource<ActionSummaryList>; readonly filter: Filter }) {
  const types = useAdapters().data?.items.map(({ type }) => ({ value: type, text: type })) ?? [];
  const isEmpty = list.data?.items.length === 0;
  return (
    <section class="panel" aria-label="Dead letters">
      <div class="panel-body">
        <div class="filters">
          <SelectFilter name="lane" label="Lane" choices={laneChoices()} />
          <SelectFilter name="type" label="Type" choices={types} />
          <ClearFilters names={['lane', 'type']} />
          <div class="row acts">
            <ActButton
              icon="retry"
              disabledBecause={isEmpty ? 'There are none.' : undefined}
              act={() => askAll('replay', filter, list.reload)}
            >
              Replay all
            </ActButton>
            <ActButton
              icon="slash"
              kind="danger"
              disabledBecause={isEmpty ? 'There are none.' : undefined}
              act={() => askAll('clear', filter, list.reload)}
            >
              Clear all
            </ActButton>
          </div>
        </div>
      </div>
      <ResourceView of={list} what="dead letters">
        {(data) =>
          data.items.length === 0 ? (
            <Empty title="No dead letters" icon="check">
              An action comes here when it was rejected, when its last attempt failed, or when it killed its worker
              three times.
            </Empty>
          ) : (
            <>
              <ul>
                {data.items.map((action) => (
                  <li key={action.id} class="decision" data-id={action.id}>
                    <DecisionHead action={action} />
                    <p class="wrap">
                      <Tag tone="bad" icon="cross">
                        {action.dlqReason ?? 'failed'}
                      </Tag>{' '}
                      {action.lastError ?? 'No reason was recorded.'}{' '}
                      <span class="quiet">
                        After {counted(action.attempts, 'attempt')}, at <At iso={action.updatedAt} />
                      </span>
                    </p>
                    <div class="decision-acts">
                      <DecisionButtons action={action} onDone={list.reload} size="small" />
                    </div>
                  </li>
                ))}
              </ul>
              <Pager list={data} what="dead letters" />
            </>
          )
        }
      </ResourceView>
    </section>
  );
}

/** Asks the server how many it would be, before it asks the person. */
async function askAll(verb: 'replay' | 'clear', { lane, type }: Filter, onDone: () => void): Promise<void> {
  const call = (request: DlqInput) =>
    verb === 'replay' ? client.replayDeadLetters(request) : client.clearDeadLetters(request);
  const filter = { ...(lane !== undefined && { lane }), ...(type !== undefined && { type }) };
  try {
    const { matched } = await call({ filter, dryRun: true });
    const which = [type, lane && `in lane ${lane}`].filter(Boolean).join(' ');
    ask({
      title: `${verb === 'replay' ? 'Replay' : 'Clear'} ${counted(matched, 'dead letter')}?`,
      effect: (
        <p>
          <b class="number">{count(matched)}</b> {which === '' ? 'in all lanes' : which} would be{' '}
          {verb === 'replay' ? 'given a new round of attempts' : 'cancelled for good'}. One press takes up to 1,000.
        </p>
      ),
      verb: `${verb === 'replay' ? 'Replay' : 'Clear'} ${count(matched)}`,
      kind: verb === 'replay' ? 'primary' : 'danger',
      asksReason: true,
      async act(reason) {
        const answer = await call({ filter, ...(reason !== undefined && { reason }) });
        say(
          `${verb === 'replay' ? 'Replayed' : 'Cleared'} ${counted(answer.changed, 'dead letter')}` +
            (answer.remaining > 0 ? `; ${count(answer.remaining)} are left: press again` : ''),
        );
        onDone();
      },
    });
  } catch (error) {
    say(errorText(error), 'bad');
  }
}
