/** Each lane: mode and why, its lease, flags, counts, last tick, and its own stop. */

import type { LaneStatus } from '../../src/contracts/http/status.ts';
import { age, ago, count, duration, knownWord } from '../../src/contracts/words.ts';
import { LEASE_HEALTHS, type LeaseHealth } from '../../src/domain/lease.ts';
import { Ago, ModeTag, Panel, Tag } from '../parts/basics.tsx';
import { Controls } from '../parts/control-bar.tsx';
import { Icon } from '../parts/icon.tsx';
import { tickWords } from '../parts/tick-words.ts';
import { STATUS_WORDS, sentence, shortActor, type Tone } from '../parts/words.ts';
import { setQuery } from '../state/address.ts';
import { now } from '../state/clock.ts';
import { statusAt, stoppedOf } from '../state/status.ts';

const HEALTH: Readonly<Record<LeaseHealth, { tone: Tone; icon: 'check' | 'warning' | 'cross'; means: string }>> = {
  GREEN: { tone: 'good', icon: 'check', means: 'nothing is late' },
  AMBER: { tone: 'warn', icon: 'warning', means: 'work is due, and the lease is late by more than a heartbeat' },
  RED: { tone: 'bad', icon: 'cross', means: 'the lease ran out while work is due, or there is no worker' },
};

const SHOWN = ['PENDING', 'RUNNING', 'RETRY', 'AWAITING_APPROVAL', 'UNCONFIRMED', 'DLQ', 'SUCCESS'] as const;

export function Lanes({ lanes, shown }: { readonly lanes: readonly LaneStatus[]; readonly shown: string | undefined }) {
  return (
    <Panel title="Lanes" flush>
      <ul class="lanes">
        {lanes.map((lane) => (
          <Lane
            key={lane.lane}
            lane={lane}
            isShown={lanes.length > 1 && lane.lane === shown}
            isOnly={lanes.length === 1}
          />
        ))}
      </ul>
    </Panel>
  );
}

interface LaneProps {
  readonly lane: LaneStatus;
  readonly isShown: boolean;
  readonly isOnly: boolean;
}

function Lane({ lane, isShown, isOnly }: LaneProps) {
  const health = HEALTH[knownWord(LEASE_HEALTHS, lane.lease.health) ?? 'AMBER'];
  const stopped = stoppedOf(lane);
  return (
    <li class="lane" data-mode={stopped === 'killed' ? 'STOPPED' : lane.mode} data-lane={lane.lane}>
      <div class="lane-name">
        <h3>
          {isOnly ? (
            lane.lane
          ) : (
            <button
              type="button"
              class="link-button"
              aria-pressed={isShown}
              onClick={() => setQuery({ lane: lane.lane })}
            >
              {lane.lane}
            </button>
          )}
        </h3>
        <span class="row">
          {stopped === 'killed' ? (
            <span class="mode" data-mode="STOPPED">
              <Icon name="stop" />
              KILLED
            </span>
          ) : (
            <ModeTag mode={lane.mode} />
          )}
          {stopped === 'paused' && (
            <Tag tone="warn" icon="pause">
              Paused
            </Tag>
          )}
        </span>
        <p class="quiet">{sentence(stopped === 'killed' ? killedWhy(lane) : lane.why)}</p>
      </div>
      <div class="lane-lease">
        <Tag tone={health.tone} icon={health.icon}>
          {lane.lease.health}
        </Tag>
        <span class="visually-hidden">: {health.means}</span>
        <Lease lease={lane.lease} />
      </div>
      <dl class="lane-counts">
        {SHOWN.map((name) => (
          <div key={name} data-zero={(lane.counts[name] ?? 0) === 0 || undefined}>
            <dt>{STATUS_WORDS[name].word}</dt>
            <dd class="number">
              <a href={`/actions?status=${name}&lane=${encodeURIComponent(lane.lane)}`}>
                {count(lane.counts[name] ?? 0)}
              </a>
            </dd>
          </div>
        ))}
      </dl>
      <div class="lane-pace quiet">
        <p class="number">{lane.oldestDueAgeMs === null ? 'Nothing due' : `Oldest due: ${age(lane.oldestDueAgeMs)}`}</p>
        <p class="number">
          {String(lane.flags.max_actions_per_tick)} a tick, a tick each {duration(Number(lane.flags.tick_interval_ms))}{' '}
          at most
        </p>
        {lane.lastTick && (
          <p>
            Tick {count(lane.lastTick.number)}: {tickWords(lane.lastTick).word.toLowerCase()},{' '}
            <Ago iso={lane.lastTick.finishedAt ?? lane.lastTick.startedAt} />
          </p>
        )}
      </div>
      <div class="lane-acts">
        <Controls lane={lane.lane} name={`lane ${lane.lane}`} small />
      </div>
    </li>
  );
}

/** What mode a killed lane would have says nothing about now. */
function killedWhy({ why }: LaneStatus): string {
  return why.split('; ').find((part) => part.startsWith('killed')) ?? why;
}

/** The time left runs down between two readings of the status. */
function Lease({ lease }: Pick<LaneStatus, 'lease'>) {
  if (lease.owner === null || lease.ttlMs === null) return <p class="quiet">Nobody holds the lease.</p>;
  const leftMs = lease.ttlMs - (now.value - (statusAt.value ?? now.value));
  return (
    <div class="quiet">
      <p class="owner" title={lease.owner}>
        {shortActor(lease.owner)}
      </p>
      <p class="number">
        {leftMs > 0 ? `${duration(Math.max(1_000, leftMs)).replace(/\.\d s/u, ' s')} left` : `ran out ${ago(-leftMs)}`}{' '}
        · token {lease.token}
      </p>
    </div>
  );
}
