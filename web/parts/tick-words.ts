/** How a tick ended, in words: what became of what it claimed, not only that the round itself went well. */

import type { Tick } from '../../src/contracts/http/tick.ts';
import { count, knownWord } from '../../src/contracts/words.ts';
import { TICK_OUTCOMES, type TickOutcome } from '../../src/domain/ledger.ts';
import type { StatusWords } from './words.ts';

const OUTCOMES: Readonly<Record<TickOutcome, StatusWords>> = {
  OK: { word: 'Done', tone: 'good', icon: 'check' },
  IDLE: { word: 'Idle', tone: 'idle', icon: 'clock' },
  PAUSED: { word: 'Paused', tone: 'warn', icon: 'pause' },
  NO_LEASE: { word: 'No lease', tone: 'warn', icon: 'lock' },
  OVERRUN: { word: 'Took too long', tone: 'warn', icon: 'warning' },
  KILLED: { word: 'Killed', tone: 'bad', icon: 'stop' },
  ERROR: { word: 'Error', tone: 'bad', icon: 'cross' },
};

type Ended = Pick<Tick, 'outcome' | 'claimed' | 'failed'>;

export function tickWords({ outcome, claimed, failed }: Ended): StatusWords {
  if (outcome === null) return { word: 'Open', tone: 'run', icon: 'running' };
  const known = knownWord(TICK_OUTCOMES, outcome);
  if (known === undefined) return { word: outcome, tone: 'idle', icon: 'question' };
  if (known !== 'OK' || failed === 0) return OUTCOMES[known];
  return {
    word: `${count(failed)} of ${count(claimed)} failed`,
    tone: failed === claimed ? 'bad' : 'warn',
    icon: 'cross',
  };
}
