/** Dead letters by what they died of: one press for all of a cause. */

import type { DlqGroup } from '../../src/contracts/http/bulk.ts';
import { count, knownWord } from '../../src/contracts/words.ts';
import { DLQ_REASONS } from '../../src/domain/states.ts';
import { ActButton } from '../parts/act-button.tsx';
import { At, Tag } from '../parts/basics.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { localTimes, shortened } from '../parts/words.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { askDeadLetters, type DeadLetterVerb } from './dead-letter-acts.tsx';

interface GroupsProps {
  readonly filter: { readonly lane?: string; readonly type?: string };
  readonly onDone: () => void;
}

export function DeadLetterGroups({ filter: { lane, type }, onDone }: GroupsProps) {
  const groups = useResource(`groups ${lane} ${type}`, () => client.listDeadLetterGroups({ lane, type }), {
    isAbout: ({ event }) => event === 'DEAD_LETTERED' || event === 'REPLAYED' || event === 'CANCELLED',
  });
  return (
    <ResourceView of={groups} what="the causes">
      {({ items, isComplete }) =>
        items.length > 1 || (items[0]?.count ?? 0) > 1 ? (
          <section aria-label="By cause">
            <table class="table cards groups">
              <thead>
                <tr>
                  <th scope="col" class="right">
                    How many
                  </th>
                  <th scope="col">Cause</th>
                  <th scope="col">Type</th>
                  <th scope="col">Lane</th>
                  <th scope="col">Newest</th>
                  <th scope="col">All of it</th>
                </tr>
              </thead>
              <tbody>
                {items.map((group) => (
                  <Group
                    key={JSON.stringify([group.lane, group.type, group.account, group.dlqReason, group.cause])}
                    group={group}
                    onDone={() => {
                      groups.reload();
                      onDone();
                    }}
                  />
                ))}
              </tbody>
            </table>
            {!isComplete && <p class="panel-body quiet">Only the largest groups are shown.</p>}
          </section>
        ) : null
      }
    </ResourceView>
  );
}

function Group({ group, onDone }: { readonly group: DlqGroup; readonly onDone: () => void }) {
  const { lane, type, account, dlqReason, cause } = group;
  const act = (verb: DeadLetterVerb) =>
    askDeadLetters(
      verb,
      { lane, type, cause, account: account ?? undefined, dlqReason: knownWord(DLQ_REASONS, dlqReason) },
      `of ${type} in lane ${lane} that died of “${shortened(cause, 120)}”`,
      onDone,
    );
  return (
    <tr>
      <td class="right number">
        <b>{count(group.count)}</b>
      </td>
      <td class="cut">
        <a href={`/actions/${group.sampleId}`} title={`One of them: ${shortened(cause, 500)}`}>
          {shortened(localTimes(cause), 200)}
        </a>
        <span class="quiet">
          <Tag tone="bad">{dlqReason}</Tag> {account && `account ${account}`}
        </span>
      </td>
      <td class="wide-only quiet">{type}</td>
      <td data-label="lane">{lane}</td>
      <td data-label="newest">
        <At iso={group.newestAt} />
      </td>
      <td>
        <span class="row">
          <ActButton size="small" icon="retry" label={nameOf('Replay', group)} act={() => act('replay')}>
            Replay
          </ActButton>
          <ActButton size="small" kind="danger" icon="slash" label={nameOf('Clear', group)} act={() => act('clear')}>
            Clear
          </ActButton>
        </span>
      </td>
    </tr>
  );
}

function nameOf(verb: string, { cause }: DlqGroup): string {
  return `${verb} all of ${shortened(cause, 60)}`;
}
