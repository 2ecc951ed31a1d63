/** A panel with a list of the server, read anew when something of it happens; who may not read it is told why. */

import type { ComponentChildren } from 'preact';
import { count } from '../../src/contracts/words.ts';
import type { Right } from '../../src/domain/roles.ts';
import { Panel } from '../parts/basics.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { Table } from '../parts/table.tsx';
import { useResource } from '../state/resource.ts';
import { whyNot } from '../state/session.ts';

interface List {
  readonly items: readonly unknown[];
  readonly total: number;
}

interface ListPanelProps<Shown extends List> {
  readonly title: string;
  readonly note: string;
  readonly needs: Right;
  readonly what: string;
  /** Which of the list is asked for; another one is read at once. */
  readonly part?: string | undefined;
  readonly load: () => Promise<Shown>;
  /** Rows of the log that tell of a change. */
  readonly events: readonly string[];
  readonly heads: readonly string[];
  readonly empty: string;
  readonly row: (item: Shown['items'][number], reload: () => void) => ComponentChildren;
  /** Below the list; absent: how many more there are, and which command shows them. */
  readonly foot: string | ((list: Shown) => ComponentChildren);
  readonly below?: (reload: () => void) => ComponentChildren;
}

export function ListPanel<Shown extends List>(props: ListPanelProps<Shown>) {
  const reason = whyNot(props.needs);
  return (
    <Panel title={props.title} note={props.note}>
      {reason === undefined ? <ReadList {...props} /> : <p class="quiet">{reason}</p>}
    </Panel>
  );
}

function ReadList<Shown extends List>(props: ListPanelProps<Shown>) {
  const { what, part, load, events, heads, empty, row, foot, below } = props;
  const list = useResource(`${what} ${part}`, load, { isAbout: ({ event }) => events.includes(event) });
  return (
    <>
      <ResourceView of={list} what={what}>
        {(data) =>
          data.items.length === 0 ? (
            <p class="quiet">{empty}</p>
          ) : (
            <>
              <Table heads={heads}>{data.items.map((item) => row(item, list.reload))}</Table>
              {typeof foot !== 'string'
                ? foot(data)
                : data.total > data.items.length && (
                    <p class="quiet">
                      The newest {count(data.items.length)} of {count(data.total)}; <code>{foot}</code> shows all.
                    </p>
                  )}
            </>
          )
        }
      </ResourceView>
      {below?.(list.reload)}
    </>
  );
}
