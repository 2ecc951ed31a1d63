/** Stopping is always safe, so an agent may; only a person starts again. */

import { z } from 'zod';
import { controlAnswerSchema } from '../../contracts/http/control.ts';
import { laneNameSchema, reasonSchema } from '../../contracts/http/primitives.ts';
import { type Tool, tool } from '../tool.ts';

const input = z.strictObject({
  lane: laneNameSchema.optional().describe('one lane; all lanes when absent'),
  reason: reasonSchema.min(1).describe('why, for the people who find everything stopped'),
});

function stopping(verb: 'kill' | 'pause', title: string, description: string): Tool {
  return tool({
    name: verb,
    title,
    description,
    kind: 'stops',
    input,
    output: controlAnswerSchema,
    async run(client, request) {
      const answer = await client[verb](request);
      return { words: `${answer.message}.`, result: answer };
    },
  });
}

export const pause = stopping(
  'pause',
  'Pause',
  'No new attempts; what runs finishes. Only a person resumes. For when something looks wrong and can wait.',
);

export const kill = stopping(
  'kill',
  'Kill',
  'Stops at once: attempts are aborted, and nothing runs until a person starts again. For when what is being sent does harm.',
);
