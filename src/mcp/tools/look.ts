/** The tools that only look. */

import { z } from 'zod';
import { actionSchema, actionSummaryListSchema, nextActionsSchema } from '../../contracts/http/action.ts';
import { adapterListSchema } from '../../contracts/http/adapter.ts';
import { logListSchema } from '../../contracts/http/log.ts';
import {
  actionIdSchema,
  actionModeSchema,
  actionStatusSchema,
  actionTypeSchema,
  cursorSchema,
  laneNameSchema,
  sha256Schema,
} from '../../contracts/http/primitives.ts';
import { statusSchema } from '../../contracts/http/status.ts';
import { tickListSchema } from '../../contracts/http/tick.ts';
import { LOG_EVENTS, LOG_LEVELS } from '../../domain/events.ts';
import { MAX_PAGE_SIZE } from '../../domain/limits.ts';
import { tool } from '../tool.ts';
import { revisedWords, waitingWords } from './wait.ts';

const DEFAULT_LIMIT = 20;

const page = {
  cursor: cursorSchema.optional().describe('nextCursor of the page before'),
  limit: z.int().min(1).max(MAX_PAGE_SIZE).default(DEFAULT_LIMIT),
};

function pageWords(
  what: string,
  { items, total, nextCursor }: { items: unknown[]; total: number; nextCursor: unknown },
) {
  return `${items.length} of ${total} ${what}${nextCursor === null ? '' : '; more with nextCursor'}.`;
}

export const getStatus = tool({
  name: 'get_status',
  title: 'Status',
  description: 'PROOF or REAL and why, each lane with its flags and counts, workers, dependencies.',
  kind: 'looks',
  input: z.strictObject({}),
  output: statusSchema,
  async run(client) {
    const status = await client.status();
    return { words: `The mode is ${status.mode}: ${status.why}.`, result: status };
  },
});

export const listActions = tool({
  name: 'list_actions',
  title: 'List actions',
  description: 'Actions without their payloads, newest first, all or those that fit.',
  kind: 'looks',
  input: z.strictObject({
    status: z.array(actionStatusSchema).min(1).optional(),
    type: actionTypeSchema.optional(),
    lane: laneNameSchema.optional(),
    mode: actionModeSchema.optional(),
    q: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('an id, the beginning of a key, or words in payload or last error'),
    ...page,
  }),
  output: actionSummaryListSchema,
  async run(client, filter) {
    const list = await client.listActionSummaries(filter);
    return { words: pageWords('actions', list), result: list };
  },
});

export const getAction = tool({
  name: 'get_action',
  title: 'One action',
  description:
    'One action: its state, mode, attempts, artifact, approval, last error, and why it waits. approval.changesRequested is what a ' +
    'person wants to be different; revisedBy names the action that a person has queued in its place.',
  kind: 'looks',
  input: z.strictObject({ id: actionIdSchema }),
  output: actionSchema,
  async run(client, { id }) {
    const action = await client.getAction(id);
    const more = action.status === 'AWAITING_APPROVAL' ? waitingWords(action) : revisedWords(action);
    return { words: `${id} is ${action.status} in ${action.mode}${more}.`, result: action };
  },
});

export const getArtifact = tool({
  name: 'get_artifact',
  title: "An action's artifact",
  description:
    'The proof: the exact request that would be sent or was sent, as it was hashed. A person approves it by this SHA-256.',
  kind: 'looks',
  input: z.strictObject({ id: actionIdSchema }),
  output: z.object({
    actionId: actionIdSchema,
    sha256: sha256Schema,
    /** Exactly the hashed bytes. */
    artifact: z.string(),
  }),
  async run(client, { id }) {
    const { bytes, sha256 } = await client.getArtifact(id);
    const artifact = new TextDecoder().decode(bytes);
    return { words: `The artifact of ${id} has the SHA-256 ${sha256}.`, result: { actionId: id, sha256, artifact } };
  },
});

export const getActionLogs = tool({
  name: 'get_action_logs',
  title: "An action's log",
  description: "An action's attempts and events, in the order of what happened.",
  kind: 'looks',
  input: z.strictObject({ id: actionIdSchema, ...page }),
  output: logListSchema,
  async run(client, { id, ...rest }) {
    const list = await client.getLogs(id, rest);
    return { words: pageWords('rows', list), result: list };
  },
});

export const listTicks = tool({
  name: 'list_ticks',
  title: 'The tick ledger',
  description: 'Ticks, newest first: what each claimed and what became of it.',
  kind: 'looks',
  input: z.strictObject({ lane: laneNameSchema.optional(), ...page }),
  output: tickListSchema,
  async run(client, filter) {
    const list = await client.listTicks(filter);
    return { words: pageWords('ticks', list), result: list };
  },
});

export const listLogs = tool({
  name: 'list_logs',
  title: 'The log',
  description: "The log of everything, newest first: what became of actions, and everybody's acts.",
  kind: 'looks',
  input: z.strictObject({
    lane: laneNameSchema.optional(),
    actionId: actionIdSchema.optional(),
    level: z.array(z.enum(LOG_LEVELS)).min(1).optional(),
    event: z.array(z.enum(LOG_EVENTS)).min(1).optional(),
    q: z.string().min(1).max(200).optional().describe('words in the message or the detail'),
    ...page,
  }),
  output: logListSchema,
  async run(client, filter) {
    const list = await client.listLogs(filter);
    return { words: pageWords('rows', list), result: list };
  },
});

export const listAdapters = tool({
  name: 'list_adapters',
  title: 'Action types',
  description:
    'What can be queued: each type with the JSON Schema of its payload, an example, its limits, and what REAL lacks.',
  kind: 'looks',
  input: z.strictObject({}),
  output: adapterListSchema,
  async run(client) {
    const list = await client.listAdapters();
    return { words: `The types are ${list.items.map(({ type }) => type).join(', ')}.`, result: list };
  },
});

export const nextActions = tool({
  name: 'next_actions',
  title: "A lane's next actions",
  description: 'What the next tick of a lane would claim, in its order, or why nothing.',
  kind: 'looks',
  input: z.strictObject({ lane: laneNameSchema.default('default') }),
  output: nextActionsSchema,
  async run(client, { lane }) {
    const next = await client.getNext(lane);
    return { words: `${next.items.length} actions: ${next.why}.`, result: next };
  },
});
