/** What accounts' states mean, in words. */

import { ACCOUNT_STATES, type AccountDescription } from '../../src/contracts/http/account.ts';
import { knownWord } from '../../src/contracts/words.ts';
import type { StatusWords } from '../parts/words.ts';

type AccountState = (typeof ACCOUNT_STATES)[number];

interface StateWords extends StatusWords {
  /** What it means for what is queued, and what ends it. */
  readonly meaning: string;
}

const STATE_WORDS: Readonly<Record<AccountState, StateWords>> = {
  ready: { word: 'Ready', icon: 'check', tone: 'good', meaning: 'It works.' },
  not_checked: {
    word: 'Not checked',
    icon: 'question',
    tone: 'idle',
    meaning: 'Nobody has tried it yet. A check, or the first thing that it sends, tells whether it works.',
  },
  needs_login: {
    word: 'Needs a login',
    icon: 'lock',
    tone: 'bad',
    meaning: 'Its provider refuses its secrets. Give it new ones, or mend them there and check it. Its actions wait.',
  },
  on_hold: {
    word: 'On hold',
    icon: 'pause',
    tone: 'bad',
    meaning: 'It can do nothing until somebody looks after it and a check works. Its actions wait.',
  },
  limited: { word: 'Limited', icon: 'clock', tone: 'warn', meaning: 'It goes on by itself. Its actions wait.' },
};

export function stateWords({ state }: Pick<AccountDescription, 'state'>): StateWords {
  const known = knownWord(ACCOUNT_STATES, state);
  return known
    ? STATE_WORDS[known]
    : { word: state, icon: 'question', tone: 'idle', meaning: 'Only a newer version of this page knows this state.' };
}

/** `brand.example (bluesky.default), needs a login` */
export function accountLine(account: AccountDescription): string {
  const words = account.state === 'ready' ? '' : `, ${stateWords(account).word.toLowerCase()}`;
  return `${account.identity} (${account.name})${words}`;
}
