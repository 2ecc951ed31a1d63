/** Taking back what the agent itself asked for. The server refuses all else. */

import { z } from 'zod';
import { actionSchema } from '../../contracts/http/action.ts';
import { actionIdSchema, reasonSchema } from '../../contracts/http/primitives.ts';
import { tool } from '../tool.ts';

export const cancelOwnAction = tool({
  name: 'cancel_own_action',
  title: 'Cancel an action of one’s own',
  description:
    'Cancels an action that this token queued and that still waits. One that runs is released if nothing was sent yet; else its ' +
    'outcome stands. What others queued, dead letters and unconfirmed actions are for people.',
  kind: 'cancels',
  input: z.strictObject({ id: actionIdSchema, reason: reasonSchema.min(1).describe('why, for the people who see it') }),
  output: actionSchema,
  async run(client, { id, reason }) {
    const action = await client.cancel(id, { reason });
    const words = action.status === 'CANCELLED' ? 'cancelled' : `asked to be cancelled while it is ${action.status}`;
    return { words: `${id} is ${words}.`, result: action };
  },
});
