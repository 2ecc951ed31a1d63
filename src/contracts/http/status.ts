/** What `GET /v1/status`, `/healthz` and `/readyz` answer. */

import { z } from 'zod';
import { actionModeSchema } from './primitives.ts';
import { tickSchema } from './tick.ts';

export const dependencySchema = z.object({
  ok: z.boolean(),
  /** What is wrong, or what was reached. */
  detail: z.string(),
  latencyMs: z.number().nullable(),
});
export type Dependency = z.output<typeof dependencySchema>;

export const laneStatusSchema = z.object({
  lane: z.string(),
  mode: actionModeSchema,
  why: z.string(),
  lease: z.object({
    owner: z.string().nullable(),
    token: z.int(),
    ttlMs: z.number().nullable(),
    health: z.enum(['GREEN', 'AMBER', 'RED']),
  }),
  flags: z.record(z.string(), z.union([z.boolean(), z.number(), z.string()])),
  counts: z.record(z.string(), z.int()),
  oldestDueAgeMs: z.number().nullable(),
  lastTick: tickSchema.nullable(),
});
export type LaneStatus = z.output<typeof laneStatusSchema>;

export const statusSchema = z.object({
  mode: actionModeSchema,
  why: z.string(),
  /** Worker processes that are connected now, and the mode each was started in. */
  workers: z.object({ count: z.int(), proof: z.int(), real: z.int() }),
  lanes: z.array(laneStatusSchema),
  dependencies: z.object({ postgres: dependencySchema, temporal: dependencySchema }),
});
export type Status = z.output<typeof statusSchema>;

export const readinessSchema = z.object({
  ready: z.boolean(),
  dependencies: z.object({ postgres: dependencySchema, temporal: dependencySchema }),
});
export type Readiness = z.output<typeof readinessSchema>;
