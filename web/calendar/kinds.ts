/** What an action is to those who look at a calendar: a proof, waiting for a person, allowed to go, gone, or in need of a look. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import type { IconName } from '../parts/icon.tsx';
import { statusWords } from '../parts/words.ts';

export const KINDS = {
  awaiting: { word: 'Awaits approval', icon: 'hand' },
  approved: { word: 'Approved', icon: 'check' },
  queued: { word: 'Queued for REAL', icon: 'clock' },
  sent: { word: 'Sent', icon: 'real' },
  trouble: { word: 'Needs a look', icon: 'warning' },
  proof: { word: 'Proof', icon: 'proof' },
} as const satisfies Readonly<Record<string, { readonly word: string; readonly icon: IconName }>>;

export type Kind = keyof typeof KINDS;
export const KIND_NAMES: readonly Kind[] = ['awaiting', 'approved', 'queued', 'sent', 'trouble', 'proof'];

type Shown = Pick<ActionSummary, 'status' | 'mode' | 'approval'>;

export function kindOf({ status, mode, approval }: Shown): Kind {
  if (status === 'UNCONFIRMED' || status === 'DLQ') return 'trouble';
  if (mode === 'PROOF') return 'proof';
  if (status === 'AWAITING_APPROVAL') return 'awaiting';
  if (status === 'SUCCESS') return 'sent';
  return approval.by === null ? 'queued' : 'approved';
}

/** A kind's word; where it stands for several states, the state's own. */
export function kindWord(action: Shown): string {
  const kind = kindOf(action);
  if (kind === 'trouble') return statusWords(action.status).word;
  if (kind === 'proof') return action.status === 'SUCCESS' ? 'Proved' : 'Proof';
  return KINDS[kind].word;
}

/** What waits can be given another time. */
export function isMovable({ status }: Pick<ActionSummary, 'status'>): boolean {
  return status === 'PENDING' || status === 'AWAITING_APPROVAL';
}
