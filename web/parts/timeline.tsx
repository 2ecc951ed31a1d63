/** What happened to one action, attempt by attempt. */

import { duration } from '../../src/contracts/words.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { At } from './basics.tsx';
import { ResourceView } from './resource-view.tsx';
import { eventWords, localTimes, shortActor } from './words.ts';

const MAX_SHOWN = 200;

export function Timeline({ id }: { readonly id: string }) {
  const logs = useResource(id, () => client.getLogs(id, { limit: MAX_SHOWN }), {
    isAbout: (entry) => entry.actionId === id,
  });
  return (
    <ResourceView of={logs} what="the timeline">
      {({ items, total }) => (
        <>
          <ol class="timeline">
            {items.map((entry) => (
              <li key={entry.id} data-level={entry.level}>
                <At iso={entry.at} />
                <div class="wrap">
                  <b>{eventWords(entry.event)}</b>
                  {entry.attempt !== null && <span class="quiet"> attempt {entry.attempt}</span>}
                  {entry.durationMs !== null && <span class="quiet number"> · {duration(entry.durationMs)}</span>}
                  <p class="quiet">
                    {localTimes(entry.message)} <span class="quiet">· {shortActor(entry.actor)}</span>
                  </p>
                </div>
              </li>
            ))}
          </ol>
          {total > items.length && (
            <p>
              <a href={`/logs?actionId=${id}`}>All {total} rows</a>
            </p>
          )}
        </>
      )}
    </ResourceView>
  );
}
