/** What waits, one open and the others as rows. Nothing moves by itself; one key walks, one decides. */

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ActionSummary, ActionSummaryList } from '../../src/contracts/http/action.ts';
import { count, counted } from '../../src/contracts/words.ts';
import { Empty, Loading, Note } from '../parts/basics.tsx';
import { Approval } from './approval.tsx';
import { useHeldList } from './held.ts';
import { pressShortcut, useKeys } from './keys.ts';
import { KeysHelp } from './keys-help.tsx';
import type { DecisionFilter, Kind } from './kinds.ts';
import { DecisionRow } from './row.tsx';
import { canSelect, SelectBar } from './select-bar.tsx';
import { DeadLetter, Unconfirmed } from './unsettled.tsx';

const CARDS = { AWAITING_APPROVAL: Approval, UNCONFIRMED: Unconfirmed, DLQ: DeadLetter } as const;

const WALK = [
  ['j', 'next'],
  ['k', 'previous'],
] as const;
const KEYS = {
  AWAITING_APPROVAL: [
    ...WALK,
    ['x', 'select'],
    ['a', 'approve'],
    ['r', 'reject'],
    ['c', 'request changes'],
    ['e', 'edit'],
  ],
  UNCONFIRMED: WALK,
  DLQ: [...WALK, ['x', 'select'], ['e', 'edit and replay']],
} as const;

interface DecisionListProps {
  readonly data: ActionSummaryList;
  readonly reload: () => void;
  readonly kind: Kind;
  readonly filter: DecisionFilter;
}

export function DecisionList({ data, reload, kind, filter }: DecisionListProps) {
  const { actions, gone, fresh, goesOn, renew, drop } = useHeldList(data);
  const [openId, setOpenId] = useState(actions[0]?.id);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [isFitting, setFitting] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  const rowOf = (id: string | undefined) =>
    id === undefined ? null : list.current?.querySelector(`[data-id="${CSS.escape(id)}"]`);
  // A row that is opened or closed above another one is not to move that one under the cursor.
  const anchor = useRef<{ readonly id: string; readonly top: number; readonly walks: boolean } | undefined>(undefined);
  useLayoutEffect(() => {
    const was = anchor.current;
    anchor.current = undefined;
    const row = rowOf(was?.id);
    if (!was || !row) return;
    if (!was.walks) {
      scrollBy(0, row.getBoundingClientRect().top - was.top);
      return;
    }
    row.querySelector<HTMLElement>('.decision-title')?.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'start' });
  }, [openId]);

  const isEmptied = useRef(false);
  useEffect(() => {
    if (isEmptied.current && actions.length > 0) setOpenId(actions[0]?.id);
    isEmptied.current = actions.length === 0;
  }, [actions]);

  const there = actions.filter(({ id }) => !gone.has(id));
  const open = (id: string | undefined, walks: boolean) => {
    const row = rowOf(id);
    if (row && id !== undefined) anchor.current = { id, top: row.getBoundingClientRect().top, walks };
    setOpenId(id);
  };
  const openBeside = (id: string | undefined, step: 1 | -1) => {
    const index = there.findIndex((action) => action.id === id);
    const next = index === -1 ? there[0] : there[index + step];
    if (next) open(next.id, true);
  };
  const select = (id: string, isOn: boolean) => {
    setFitting(false);
    setSelected((before) => new Set(isOn ? [...before, id] : [...before].filter((other) => other !== id)));
  };
  const decided = (ids: readonly string[]) => {
    const leaving = new Set(ids);
    const rest = there.filter(({ id }) => !leaving.has(id));
    if (openId !== undefined && leaving.has(openId)) {
      const after = there.slice(there.findIndex(({ id }) => id === openId)).find(({ id }) => !leaving.has(id));
      open((after ?? rest.at(-1))?.id, true);
    }
    drop(ids);
    setSelected(new Set());
    setFitting(false);
    reload();
  };
  const chosen = there.filter(({ id }) => selected.has(id));
  const bar = useRef<HTMLDivElement>(null);
  useKeys((key) => {
    switch (key) {
      case 'j':
        openBeside(openId, 1);
        return true;
      case 'k':
        openBeside(openId, -1);
        return true;
      case 'x':
        if (openId === undefined || !canSelect(kind)) return false;
        select(openId, !selected.has(openId));
        return true;
      default:
        return /^[a-z]$/u.test(key) && (pressShortcut(bar.current, key) || pressShortcut(rowOf(openId), key));
    }
  });
  if (actions.length === 0) return goesOn || fresh > 0 ? <Loading what="the next ones" /> : <Nothing kind={kind} />;
  const Card = CARDS[kind];
  return (
    <>
      <div role="status">
        {fresh > 0 && (
          <Note tone="idle" icon="inbox">
            {counted(fresh, 'new one waits', 'new ones wait')}.{' '}
            <button type="button" class="button" data-size="small" onClick={renew}>
              Show
            </button>
          </Note>
        )}
      </div>
      {canSelect(kind) && (
        <div ref={bar} class="select-place">
          <SelectBar
            kind={kind}
            chosen={{ actions: isFitting ? there : chosen, filter: isFitting ? filter : undefined }}
            shown={there.length}
            total={`${count(data.total)}${data.totalIsExact ? '' : '+'}`}
            fitting={data.total}
            selectShown={(isOn) => {
              setFitting(false);
              setSelected(new Set(isOn ? there.map(({ id }) => id) : []));
            }}
            selectFitting={() => setFitting(true)}
            onDone={decided}
          />
        </div>
      )}
      <ul ref={list}>
        {actions.map((action: ActionSummary) => (
          <DecisionRow
            key={action.id}
            action={action}
            isOpen={action.id === openId}
            isSelected={isFitting || selected.has(action.id)}
            isGone={gone.has(action.id)}
            toggle={(id) => open(id === openId ? undefined : id, false)}
            select={canSelect(kind) ? select : undefined}
          >
            <Card
              action={action}
              onDone={({ status }) => {
                if (status === kind) reload();
                else decided([action.id]);
              }}
            />
          </DecisionRow>
        ))}
      </ul>
      <KeysHelp keys={KEYS[kind]} />
    </>
  );
}

function Nothing({ kind }: { readonly kind: Kind }) {
  switch (kind) {
    case 'UNCONFIRMED':
      return (
        <Empty title="Nothing is unconfirmed" icon="check">
          An effect stands here when it may or may not have happened and the receiver could not be asked.
        </Empty>
      );
    case 'DLQ':
      return (
        <Empty title="No dead letters" icon="check">
          An action comes here when it was rejected, when its last attempt failed, or when it killed its worker three
          times.
        </Empty>
      );
    case 'AWAITING_APPROVAL':
      return (
        <Empty title="Nothing waits for approval" icon="check">
          A lane asks for a person when its <a href="/settings">approval_policy</a> says so, or whoever queues an action
          does.
        </Empty>
      );
  }
}
