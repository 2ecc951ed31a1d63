/** How far each type may go by itself in a lane: what counts, who set it and why, and setting it. */

import { useEffect, useState } from 'preact/hooks';
import type { AutonomyList } from '../../src/contracts/http/autonomy.ts';
import { knownWord } from '../../src/contracts/words.ts';
import { AUTONOMY_LEVELS, type AutonomyLevel, firstLoosened, levelInForce } from '../../src/domain/autonomy.ts';
import { ActButton } from '../parts/act-button.tsx';
import { At, Panel, Tag } from '../parts/basics.tsx';
import { ask } from '../parts/confirm.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { Table } from '../parts/table.tsx';
import { useAdapters } from '../state/catalogue.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';

const MEANINGS: Readonly<Record<AutonomyLevel, string>> = {
  draft: 'draft: proofs only',
  approve: 'approve: a person allows each',
  auto: 'auto: by the flags alone',
};

export function AutonomyLevels({ lane }: { readonly lane: string }) {
  const levels = useResource(`autonomy ${lane}`, () => client.listAutonomy(lane), {
    isAbout: ({ event }) => event === 'FLAG_CHANGED',
  });
  const types = useAdapters().data?.items.map(({ type }) => type) ?? [];
  return (
    <Panel
      title={lane === '*' ? 'Autonomy in all lanes' : `Autonomy in lane ${lane}`}
      id="autonomy-levels"
      note="How far each type may go by itself. The stricter of this and the flags holds. A rejected approval, an unconfirmed effect or three dead letters in a row take auto back to approve."
      flush
    >
      <ResourceView of={levels} what="autonomy levels">
        {(list) => (
          <Table heads={['Type', 'Level', 'Set by']}>
            {['*', ...types].map((type) => (
              <LevelRow key={`${lane} ${type}`} lane={lane} type={type} list={list} onDone={levels.reload} />
            ))}
          </Table>
        )}
      </ResourceView>
    </Panel>
  );
}

interface LevelRowProps {
  readonly lane: string;
  readonly type: string;
  readonly list: AutonomyList;
  readonly onDone: () => void;
}

function LevelRow({ lane, type, list, onDone }: LevelRowProps) {
  const set = levelInForce(list.items, lane, type);
  const level = knownWord(AUTONOMY_LEVELS, set?.level ?? 'auto') ?? 'draft';
  const [chosen, setChosen] = useState<AutonomyLevel>(level);
  useEffect(() => setChosen(level), [level]);
  const isOwn = set?.lane === lane && set.type === type;
  const others = list.items.filter((row) => row.lane !== lane || row.type !== type);
  const next = levelInForce(others, lane, type);
  const wider = knownWord(AUTONOMY_LEVELS, next?.level ?? 'auto') ?? 'draft';
  // Also of other types: a level of a lane counts before a type's level in all lanes.
  const isLooserSet = firstLoosened(list.items, [...others, { lane, type, level: chosen }]) !== undefined;
  const isLooserUnset = firstLoosened(list.items, others) !== undefined;
  return (
    <tr data-autonomy={type}>
      <td>
        <b class="mono">{type === '*' ? 'all types' : type}</b>
      </td>
      <td>
        <div class="row">
          <select
            class="input level-choice"
            aria-label={`Level of ${type === '*' ? 'all types' : type}`}
            value={chosen}
            onChange={(event) => setChosen(knownWord(AUTONOMY_LEVELS, event.currentTarget.value) ?? level)}
          >
            {AUTONOMY_LEVELS.map((each) => (
              <option key={each} value={each}>
                {MEANINGS[each]}
              </option>
            ))}
          </select>
          {chosen !== level && (
            <ActButton
              kind="primary"
              size="small"
              needs={isLooserSet ? 'administer' : 'operate'}
              act={() => askLevel({ lane, type, from: level, to: chosen, onDone })}
            >
              Set
            </ActButton>
          )}
        </div>
      </td>
      <td class="cut">
        <span class="quiet autonomy-source">
          {set === undefined && <Tag tone="idle">nothing is set</Tag>}
          {set && !isOwn && <Tag tone="idle">{sourceOf(set.lane, set.type)}</Tag>}{' '}
          {set && (
            <>
              <b>{set.updatedBy}</b> at <At iso={set.updatedAt} />
              {set.reason && `: ${set.reason}`}
            </>
          )}
          {isOwn && (
            <ActButton
              size="small"
              needs={isLooserUnset ? 'administer' : 'operate'}
              label={`Take it back for ${type === '*' ? 'all types' : type}`}
              act={() =>
                askUnset({
                  lane,
                  type,
                  from: level,
                  to: wider,
                  isAlone: next === undefined,
                  isLooser: isLooserUnset,
                  onDone,
                })
              }
            >
              Take back
            </ActButton>
          )}
        </span>
      </td>
    </tr>
  );
}

/** Where a level comes from that is not a row's own. */
function sourceOf(lane: string, type: string): string {
  return `from ${type === '*' ? 'all types' : type} in ${lane === '*' ? 'all lanes' : lane}`;
}

interface Change {
  readonly lane: string;
  readonly type: string;
  readonly from: AutonomyLevel;
  readonly to: AutonomyLevel;
  readonly onDone: () => void;
}

function askLevel({ lane, type, from, to, onDone }: Change): void {
  const what = type === '*' ? 'every type that has no level of its own' : type;
  const where = lane === '*' ? 'in all lanes that have none of their own' : `in lane ${lane}`;
  const goesAlone = to === 'auto';
  ask({
    title: 'Change the autonomy level?',
    effect: (
      <>
        <p class="wrap">
          {what} {where}: <code>{from}</code> → <code>{to}</code>. It holds at once, also for what is queued already.
        </p>
        {goesAlone ? (
          <div class="note" data-tone="bad">
            REAL actions are sent without a person, where the flags of their lane allow it.
          </div>
        ) : (
          <p>
            {to === 'draft'
              ? 'It is proved, and nothing of it is sent.'
              : 'Each REAL action waits until a person has approved it.'}
          </p>
        )}
      </>
    ),
    verb: goesAlone ? 'Let it go by itself' : 'Set',
    kind: goesAlone ? 'danger' : 'primary',
    asksReason: true,
    async act(reason) {
      await client.setAutonomy({ lane, type, level: to, reason });
      say(`Autonomy of ${type === '*' ? 'all types' : type}: ${to}`);
      onDone();
    },
  });
}

interface Unset extends Change {
  /** Nothing is set more widely. */
  readonly isAlone: boolean;
  readonly isLooser: boolean;
}

/** The level goes, and a wider one counts again, or the flags alone. */
function askUnset({ lane, type, from, to, isAlone, isLooser, onDone }: Unset): void {
  ask({
    title: 'Remove the autonomy level?',
    effect: (
      <p class="wrap">
        {type === '*' ? 'All types' : type} {lane === '*' ? 'in all lanes' : `in lane ${lane}`}: <code>{from}</code> →{' '}
        <code>{to}</code>, {isAlone ? 'by the flags of the lane alone' : 'by what is set more widely'}. It holds at
        once, also for what is queued already.
      </p>
    ),
    verb: 'Take back',
    kind: isLooser ? 'danger' : 'primary',
    asksReason: true,
    async act(reason) {
      await client.unsetAutonomy(lane, type, reason);
      say(`The level of ${type === '*' ? 'all types' : type} is taken back`);
      onDone();
    },
  });
}
