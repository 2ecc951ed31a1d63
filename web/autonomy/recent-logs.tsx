import { Empty, Panel } from '../parts/basics.tsx';
import { LogTable } from '../parts/log-table.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';

const SHOWN = 12;

export function RecentLogs() {
  const logs = useResource('recent', () => client.listLogs({ limit: SHOWN }));
  return (
    <Panel title="Recent log" aside={<a href="/logs">All of it</a>} flush>
      <ResourceView of={logs} what="the log">
        {({ items }) =>
          items.length === 0 ? <Empty title="Nothing has happened yet" /> : <LogTable entries={items} />
        }
      </ResourceView>
    </Panel>
  );
}
