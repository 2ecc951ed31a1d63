/**
 * What runs show of themselves in Temporal's web page: search attributes, and links to the dashboard. Whether the server knows
 * the attributes is told by the activity that claims, so it is part of the history and a replay does the same.
 */

import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Showing } from '../contracts/engine/activities.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/names.ts';
import type { TickOutcome } from '../domain/ledger.ts';
import type { ActionMode } from '../domain/states.ts';

const keys = {
  lane: defineSearchAttributeKey(SEARCH_ATTRIBUTES.lane, 'KEYWORD'),
  mode: defineSearchAttributeKey(SEARCH_ATTRIBUTES.mode, 'KEYWORD'),
  outcome: defineSearchAttributeKey(SEARCH_ATTRIBUTES.outcome, 'KEYWORD'),
} as const;

/** Sets the search attributes that differ from what the run has, if the server knows them. They pass through continue-as-new. */
export function showAttributes(
  showing: Showing | undefined,
  values: { readonly lane: string; readonly mode: ActionMode | null; readonly outcome: TickOutcome | null },
): void {
  if (!showing?.searchable) return;
  const present = workflowInfo().typedSearchAttributes;
  const changes: SearchAttributeUpdatePair[] = [];
  for (const name of ['lane', 'mode', 'outcome'] as const) {
    const value = values[name];
    if (value !== null && present.get(keys[name]) !== value) changes.push({ key: keys[name], value });
  }
  if (changes.length > 0) upsertSearchAttributes(changes);
}

/** A link to the lane's page, in Markdown; nothing where there is no dashboard. */
export function laneLink(showing: Showing | undefined, lane: string): string {
  return showing ? ` [In the dashboard](${showing.dashboard}/actions?lane=${encodeURIComponent(lane)}).` : '';
}

/** The actions of a tick, in Markdown, each a link to its page. */
export function actionLinks(showing: Showing, actionIds: readonly string[]): string {
  return actionIds.map((id) => `- [${id}](${showing.dashboard}/actions/${id})`).join('\n');
}
