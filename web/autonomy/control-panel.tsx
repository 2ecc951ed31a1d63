/** Who pressed what and when, how long a kill took, and what each button does. */

import { CONTROL_VERBS } from '../../src/contracts/http/control.ts';
import { isObject } from '../../src/contracts/http/json.ts';
import type { LogEntry } from '../../src/contracts/http/log.ts';
import { duration } from '../../src/contracts/words.ts';
import { Ago, Panel, Tag } from '../parts/basics.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { CONTROL_WORDS, lastPress } from '../state/control.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { KillTook } from './kill-took.tsx';

const LOOKED_AT = 50;
const SHOWN = 5;

export function ControlPanel() {
  const changes = useResource('control', () => client.listLogs({ event: 'FLAG_CHANGED', limit: LOOKED_AT }), {
    isAbout: ({ event }) => event === 'FLAG_CHANGED',
  });
  return (
    <Panel title="Stop and go" note="The buttons are at the top of every page. Pause and KILL need one press.">
      <LastPress />
      <ResourceView of={changes} what="who pressed what">
        {({ items }) => {
          const all = items.flatMap((entry) => pressOf(entry) ?? []);
          const presses = all.slice(0, SHOWN);
          const kill = presses.find(({ word }) => word === 'Killed')?.entry;
          const start = all.findLast(({ word, entry }) => word === 'Started' && kill && isAfter(entry, kill))?.entry;
          return presses.length === 0 ? (
            <p class="quiet">Nobody has pressed anything yet.</p>
          ) : (
            <ul class="presses">
              {presses.map((press) => (
                <li key={press.entry.id}>
                  <Tag tone={press.tone} icon={press.icon}>
                    {press.word}
                  </Tag>
                  <span class="wrap">
                    {press.entry.lane === '*' ? 'all lanes' : `lane ${press.entry.lane}`}, by <b>{press.entry.actor}</b>
                    , <Ago iso={press.entry.at} />
                    {press.entry === kill && <KillTook kill={kill} endedAt={start?.at} />}
                    {press.reason && <span class="quiet">: {press.reason}</span>}
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </ResourceView>
      <dl class="facts means">
        {CONTROL_VERBS.map((verb) => (
          <div key={verb} class="pair-row">
            <dt>{CONTROL_WORDS[verb].word}</dt>
            <dd>{CONTROL_WORDS[verb].effect}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function LastPress() {
  const press = lastPress.value;
  if (!press) return null;
  return (
    <p class="last-press" role="status">
      <b>{CONTROL_WORDS[press.verb].word}</b> {press.lane === '*' ? 'of all lanes' : `of lane ${press.lane}`} was
      committed in <b class="number">{Math.round(press.tookMs)} ms</b>
      {press.quietMs !== undefined && (
        <>
          ; nothing was at work after <b class="number">{duration(press.quietMs)}</b>
        </>
      )}
      .
    </p>
  );
}

interface ShownPress {
  readonly entry: LogEntry;
  readonly word: string;
  readonly tone: 'bad' | 'warn' | 'good';
  readonly icon: 'stop' | 'pause' | 'play';
  readonly reason: string | undefined;
}

/** Whether `start` ended `kill`: of the same lane or lanes, and later. */
function isAfter(start: LogEntry, kill: LogEntry): boolean {
  return start.lane === kill.lane && start.at > kill.at;
}

function pressOf(entry: LogEntry): ShownPress | undefined {
  if (!isObject(entry.detail)) return undefined;
  const { name, value, reason } = entry.detail;
  const shared = { entry, reason: typeof reason === 'string' ? reason : undefined };
  if (name === 'killed') {
    return value === true
      ? { ...shared, word: 'Killed', tone: 'bad', icon: 'stop' }
      : { ...shared, word: 'Started', tone: 'good', icon: 'play' };
  }
  if (name === 'paused') {
    return value === true
      ? { ...shared, word: 'Paused', tone: 'warn', icon: 'pause' }
      : { ...shared, word: 'Resumed', tone: 'good', icon: 'play' };
  }
  return undefined;
}
