/** What became of an action: waiting for it, and what people decided about it. */

import { z } from 'zod';
import { type Action, actionSchema } from '../../contracts/http/action.ts';
import type { LogEntry } from '../../contracts/http/log.ts';
import { actionIdSchema, timeSchema } from '../../contracts/http/primitives.ts';
import { knownWord } from '../../contracts/words.ts';
import type { LogEvent } from '../../domain/events.ts';
import { ACTION_STATUSES, isSettled } from '../../domain/states.ts';
import type { AgentClient } from '../agent-client.ts';
import { tool } from '../tool.ts';

/** Clients of MCP end a call that takes a minute. */
const MAX_WAIT_SECONDS = 50;
const DEFAULT_WAIT_SECONDS = 30;
const MAX_DECISIONS = 20;

const DECISIONS: readonly LogEvent[] = [
  'APPROVED',
  'REJECTED',
  'CHANGES_REQUESTED',
  'REVISED',
  'RESCHEDULED',
  'CANCELLED',
  'PROMOTED',
  'REPLAYED',
  'RESOLVED',
];

const decisionSchema = z.object({
  decision: z.string(),
  /** The token's name; `engine` when its time ran out. */
  by: z.string(),
  at: timeSchema,
  /** What the person gave as the reason; null when nothing was given. */
  reason: z.string().nullable(),
  words: z.string(),
});
type Decision = z.output<typeof decisionSchema>;

export const waitForAction = tool({
  name: 'wait_for_action',
  title: 'Wait for an action',
  description:
    'Waits until an action has ended (SUCCESS, CANCELLED, DLQ, UNCONFIRMED), or the time is over, and answers how it stands and what ' +
    'people decided. When it still waits for a person, call it again later, or go on with something else.',
  kind: 'looks',
  input: z.strictObject({
    id: actionIdSchema,
    timeoutSeconds: z.int().min(1).max(MAX_WAIT_SECONDS).default(DEFAULT_WAIT_SECONDS),
  }),
  output: z.object({ hasEnded: z.boolean(), action: actionSchema, decisions: z.array(decisionSchema) }),
  async run(client, { id, timeoutSeconds }) {
    const action = await client.wait(id, { timeoutMs: timeoutSeconds * 1_000 });
    const decisions = await decisionsAbout(client, id);
    const hasEnded = hasSettled(action.status);
    const words = `${id} is ${action.status}${hasEnded ? revisedWords(action) : waitingWords(action)}.${lastWords(decisions)}`;
    return { words, result: { hasEnded, action, decisions } };
  },
});

/** What an agent may do about changes: no tool of its own changes an action. */
export function waitingWords({ status, approval: { changesRequested } }: Action): string {
  if (status !== 'AWAITING_APPROVAL') return '; it has not ended';
  if (changesRequested === null) return '; it waits for a person to approve it';
  const { by, reason } = changesRequested;
  return `; ${by} wants it to be different: ${reason}. Cancel it and queue another, if you asked for it`;
}

export function revisedWords({ revisedBy }: Action): string {
  return revisedBy === null ? '' : `: a person changed it, and ${revisedBy} is in its place`;
}

function hasSettled(status: string): boolean {
  const known = knownWord(ACTION_STATUSES, status);
  return known !== undefined && isSettled(known);
}

export const getDecision = tool({
  name: 'get_decision',
  title: 'What was decided, and why',
  description:
    'What people decided about an action (approved, rejected, changes requested, revised, rescheduled, cancelled, promoted, ' +
    'replayed, resolved), who, and their reasons.',
  kind: 'looks',
  input: z.strictObject({ id: actionIdSchema }),
  output: z.object({ actionId: actionIdSchema, decisions: z.array(decisionSchema) }),
  async run(client, { id }) {
    const decisions = await decisionsAbout(client, id);
    const words = decisions.length === 0 ? `Nobody has decided about ${id} yet.` : lastWords(decisions).trim();
    return { words, result: { actionId: id, decisions } };
  },
});

/** The newest of them, in the order of what happened. */
async function decisionsAbout(client: AgentClient, actionId: string): Promise<Decision[]> {
  const { items } = await client.listLogs({ actionId, event: [...DECISIONS], limit: MAX_DECISIONS });
  return items.map(toDecision).reverse();
}

function toDecision({ event, actor, at, message, detail }: LogEntry): Decision {
  const reason = detail?.reason;
  return { decision: event, by: actor, at, reason: typeof reason === 'string' ? reason : null, words: message };
}

function lastWords(decisions: readonly Decision[]): string {
  const last = decisions.at(-1);
  return last === undefined ? '' : ` ${last.decision} by ${last.by}: ${last.words}.`;
}
