/** Lanes as they go out. */

import { z } from 'zod';
import { pageOf } from './primitives.ts';

export const laneListSchema = pageOf(z.object({ lane: z.string() }));
export type LaneList = z.output<typeof laneListSchema>;

export const laneCreatedSchema = z.object({
  lane: z.string(),
  /** False when it was there already. */
  created: z.boolean(),
});
export type LaneCreated = z.output<typeof laneCreatedSchema>;
