/** `GET` and `PATCH /v1/control/flags`. */

import { z } from 'zod';
import { ALL_LANES, APPROVAL_POLICIES, FLAG_NAMES, FLAGS, type FlagName, type FlagValue } from '../../domain/flags.ts';
import { MAX_UNLOCK_MS, MIN_UNLOCK_MS } from '../../domain/limits.ts';
import { laneOrAllSchema, openWordSchema, reasonSchema, timeSchema } from './primitives.ts';

function integer(
  name: 'max_actions_per_tick' | 'tick_interval_ms' | 'max_tick_ms' | 'max_running' | 'approvals_needed',
) {
  const { minimum, maximum } = FLAGS[name].kind;
  return z.int().min(minimum).max(maximum).optional();
}

const valuesSchema = z.strictObject({
  paused: z.boolean().optional(),
  killed: z.boolean().optional(),
  proof_only: z.boolean().optional(),
  max_actions_per_tick: integer('max_actions_per_tick'),
  tick_interval_ms: integer('tick_interval_ms'),
  max_tick_ms: integer('max_tick_ms'),
  max_running: integer('max_running'),
  approval_policy: z.enum(APPROVAL_POLICIES).optional(),
  approver_must_differ: z.boolean().optional(),
  approvals_needed: integer('approvals_needed'),
} satisfies Record<FlagName, z.ZodType<FlagValue | undefined>>);
export type FlagValues = z.output<typeof valuesSchema>;

/** Without a lane it is about `*`: the defaults of all lanes. */
export const flagsQuerySchema = z.strictObject({ lane: laneOrAllSchema.default(ALL_LANES) });

export const flagsPatchSchema = z
  .strictObject({
    lane: laneOrAllSchema.default(ALL_LANES),
    flags: valuesSchema.refine((flags) => Object.keys(flags).length > 0, { message: 'must name a flag' }),
    /** Compare-and-set: the version that the flag must have, 0 for one that the lane inherits. */
    version: z.int().min(0).optional(),
    /** With `proof_only: false` alone: REAL locks itself again after so many milliseconds, by the database's clock. */
    forMs: z.int().min(MIN_UNLOCK_MS).max(MAX_UNLOCK_MS).optional(),
    reason: reasonSchema.optional(),
  })
  .refine(
    ({ flags, forMs }) => forMs === undefined || (Object.keys(flags).length === 1 && flags.proof_only === false),
    {
      path: ['forMs'],
      message: 'is allowed only with proof_only: false',
    },
  )
  .refine(({ flags, version }) => version === undefined || Object.keys(flags).length === 1, {
    path: ['version'],
    message: 'is allowed only with exactly one flag',
  })
  .meta({ examples: [{ lane: 'default', flags: { max_actions_per_tick: 2 }, reason: 'slower today' }] });
export type FlagsPatch = z.output<typeof flagsPatchSchema>;
export type FlagsPatchInput = z.input<typeof flagsPatchSchema>;

export const flagStateSchema = z.object({
  /** The value in force. */
  value: z.union([z.boolean(), z.number(), z.string()]),
  /** Of the lane's own row; 0 when it has none. */
  version: z.int().nonnegative(),
  /** Whether the value in force is that of `*`, or the built-in default. */
  inherited: z.boolean(),
  /** When REAL, unlocked for a time, locks itself again; null for a value that stays. */
  expiresAt: timeSchema.nullable(),
  /** Who set the value in force, why and when; null for a built-in default. */
  updatedBy: z.string().nullable(),
  reason: z.string().nullable(),
  updatedAt: timeSchema.nullable(),
});
export type FlagState = z.output<typeof flagStateSchema>;

export const laneFlagsSchema = z.object({
  lane: z.string(),
  flags: z.looseRecord(z.enum(FLAG_NAMES), flagStateSchema),
});
export type FlagsOfLane = z.output<typeof laneFlagsSchema>;

export const flagsChangedSchema = laneFlagsSchema.extend({
  /** The flags that this call changed. */
  changed: z.array(openWordSchema(FLAG_NAMES)),
});
export type FlagsChanged = z.output<typeof flagsChangedSchema>;
