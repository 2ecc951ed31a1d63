/** What the next tick of a lane would claim, in order. */

import { summaryOf } from '../../src/contracts/payloads/summary.ts';
import { At, ModeTag, Panel } from '../parts/basics.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { sentence, shortened } from '../parts/words.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { status } from '../state/status.ts';

export function NextTick({ lane }: { readonly lane: string }) {
  const next = useResource(lane, () => client.getNext(lane), {
    isAbout: (entry) => entry.lane === lane || entry.lane === '*',
    everyMs: 5_000,
  });
  const hasMany = (status.value?.lanes.length ?? 0) > 1;
  return (
    <Panel title="Next tick would do these" {...(hasMany && { note: `In lane ${lane}` })}>
      <ResourceView of={next} what="the next tick">
        {({ items, why }) => (
          <>
            {items.length > 0 && (
              <ol class="next">
                {items.map((action) => (
                  <li key={action.id}>
                    <ModeTag mode={action.mode} />
                    <a class="wrap" href={`/actions/${action.id}`}>
                      {shortened(summaryOf(action.type, action.payload), 90)}
                    </a>
                  </li>
                ))}
              </ol>
            )}
            <p class="quiet">{sentence(why)}</p>
            {items.length === 0 && <ComesThen lane={lane} />}
          </>
        )}
      </ResourceView>
    </Panel>
  );
}

const SHOWN = 3;

/** What waits for its time, the next first. */
function ComesThen({ lane }: { readonly lane: string }) {
  const waiting = useResource(
    `then ${lane}`,
    () => client.listActionSummaries({ lane, status: 'PENDING', order: 'due', limit: SHOWN }),
    { isAbout: (entry) => entry.lane === lane && entry.actionId !== null },
  );
  const items = waiting.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <>
      <h3>What comes then</h3>
      <ol class="next">
        {items.map((action) => (
          <li key={action.id}>
            <At iso={action.runAt} />
            <a class="wrap" href={`/actions/${action.id}`}>
              {shortened(action.summary, 90)}
            </a>
          </li>
        ))}
      </ol>
    </>
  );
}
