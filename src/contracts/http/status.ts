/** What `GET /v1/status`, `/healthz` and `/readyz` answer. */

import { z } from 'zod';
import { LEASE_HEALTHS } from '../../domain/lease.ts';
import { ACTION_MODES } from '../../domain/states.ts';
import { accountWarningSchema } from './account.ts';
import { noticeDestinationSchema } from './notice.ts';
import { openWordSchema } from './primitives.ts';
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
  mode: openWordSchema(ACTION_MODES),
  why: z.string(),
  lease: z.object({
    owner: z.string().nullable(),
    token: z.int(),
    ttlMs: z.number().nullable(),
    health: openWordSchema(LEASE_HEALTHS),
  }),
  flags: z.record(z.string(), z.union([z.boolean(), z.number(), z.string()])),
  counts: z.record(z.string(), z.int()),
  oldestDueAgeMs: z.number().nullable(),
  lastTick: tickSchema.nullable(),
});
export type LaneStatus = z.output<typeof laneStatusSchema>;

export const statusSchema = z.object({
  mode: openWordSchema(ACTION_MODES),
  why: z.string(),
  /** Of the API that answers. */
  version: z.string().default('unknown'),
  /** Worker processes that are connected now, and the mode each was started in. */
  workers: z.object({ count: z.int(), proof: z.int(), real: z.int() }),
  lanes: z.array(laneStatusSchema),
  /** Accounts that can do nothing now, or whose token runs out within 7 days. */
  accounts: z.array(accountWarningSchema).default([]),
  /** Where people are told of what waits or went wrong, and what does not arrive there. */
  notices: z.array(noticeDestinationSchema).default([]),
  dependencies: z.object({ postgres: dependencySchema, temporal: dependencySchema }),
});
export type Status = z.output<typeof statusSchema>;

export const readinessSchema = z.object({
  ready: z.boolean(),
  dependencies: z.object({ postgres: dependencySchema, temporal: dependencySchema }),
});
export type Readiness = z.output<typeof readinessSchema>;
