/** Settings: flags of all lanes and of each, who changed them and when; lanes; who is told; who may get in. */

import { FLAG_NAMES } from '../../src/domain/flags.ts';
import { PageHead, Panel } from '../parts/basics.tsx';
import { LogTable } from '../parts/log-table.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { AutonomyLevels } from '../settings/autonomy.tsx';
import { FlagRow } from '../settings/flag-row.tsx';
import { NewLane } from '../settings/new-lane.tsx';
import { Notices } from '../settings/notices.tsx';
import { People } from '../settings/people.tsx';
import { Sessions } from '../settings/sessions.tsx';
import { Tokens } from '../settings/tokens.tsx';
import { query, setQuery } from '../state/address.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { status } from '../state/status.ts';

export function SettingsPage() {
  const lane = query.value.get('lane') ?? '*';
  const lanes = ['*', ...(status.value?.lanes ?? []).map((one) => one.lane)];
  const flags = useResource(lane, () => client.getFlags(lane), {
    isAbout: ({ event }) => event === 'FLAG_CHANGED',
  });
  const history = useResource(`history ${lane}`, () => client.listLogs({ event: 'FLAG_CHANGED', lane, limit: 30 }), {
    isAbout: ({ event }) => event === 'FLAG_CHANGED',
  });
  return (
    <>
      <PageHead title="Settings">
        A lane follows <code>*</code>, the defaults of all, until it has a value of its own. Whoever loosens a limit
        needs to be an admin.
      </PageHead>
      <fieldset class="row" aria-label="Lane">
        {lanes.map((one) => (
          <button
            key={one}
            type="button"
            class="button"
            aria-pressed={one === lane}
            onClick={() => setQuery({ lane: one === '*' ? '' : one })}
          >
            {one === '*' ? 'All lanes (*)' : one}
          </button>
        ))}
      </fieldset>
      <Panel title={lane === '*' ? 'Flags of all lanes' : `Flags of lane ${lane}`} id="flags" flush>
        <ResourceView of={flags} what="flags">
          {(data) => (
            <ul>
              {FLAG_NAMES.map((name) => {
                const state = data.flags[name];
                return (
                  state && (
                    <FlagRow key={`${lane} ${name}`} lane={lane} name={name} state={state} onDone={flags.reload} />
                  )
                );
              })}
            </ul>
          )}
        </ResourceView>
      </Panel>
      <AutonomyLevels lane={lane} />
      <Panel title="History" note="From the audit log, which nobody can change." flush>
        <ResourceView of={history} what="the history">
          {({ items }) =>
            items.length === 0 ? (
              <p class="panel-body quiet">No flag was changed here yet.</p>
            ) : (
              <LogTable entries={items} />
            )
          }
        </ResourceView>
      </Panel>
      <NewLane />
      <Notices />
      <Tokens />
      <People />
      <Sessions />
    </>
  );
}
