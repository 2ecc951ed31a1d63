/** Pause, resume, kill and start. */

import { z } from 'zod';
import { laneOrAllSchema, openWordSchema, reasonSchema } from './primitives.ts';

export const CONTROL_VERBS = ['pause', 'resume', 'kill', 'start'] as const;
export type ControlVerb = (typeof CONTROL_VERBS)[number];

/** Without a lane it holds for all lanes, future ones included. */
export const controlRequestSchema = z
  .strictObject({
    lane: laneOrAllSchema.optional(),
    reason: reasonSchema.optional(),
  })
  .meta({ examples: [{ lane: 'default', reason: 'the campaign is over' }, {}] });
export type ControlRequest = z.output<typeof controlRequestSchema>;

/** `POST /v1/control/start` */
export const startRequestSchema = controlRequestSchema
  .safeExtend({
    /** Takes the lease away from whoever holds the lane, instead of waiting until it runs out. An admin's. */
    force: z.boolean().optional(),
  })
  .meta({ examples: [{ lane: 'default', reason: 'the old cluster is gone' }] });
export type StartRequest = z.output<typeof startRequestSchema>;

export const controlAnswerSchema = z.object({
  verb: openWordSchema(CONTROL_VERBS),
  lane: z.string(),
  /** The flags as they stand in that lane's row now. */
  paused: z.boolean(),
  killed: z.boolean(),
  /** Whether this call changed something. */
  changed: z.boolean(),
  message: z.string(),
});
export type ControlAnswer = z.output<typeof controlAnswerSchema>;

/** Why an action is cancelled, for its log. */
export const cancelRequestSchema = z
  .strictObject({ reason: reasonSchema.optional() })
  .meta({ examples: [{ reason: 'no longer wanted' }] });
