/** Accounts as they go out: who speaks, whether it can, until when; never a secret. */

import { z } from 'zod';
import { budgetSchema } from './budget.ts';
import { openWordSchema, pageOf } from './primitives.ts';

/** `not_checked`: nobody has tried yet. `limited`: until a time. `on_hold`: until somebody looks after it and checks it. */
export const ACCOUNT_STATES = ['not_checked', 'ready', 'needs_login', 'on_hold', 'limited'] as const;

export const accountSchema = z.object({
  name: z.string(),
  provider: z.string(),
  /** Who speaks: a handle, an address. */
  identity: z.string(),
  server: z.string(),
  /** Whether a worker has it; one that none has any more can send nothing. */
  configured: z.boolean(),
  state: openWordSchema(ACCOUNT_STATES),
  reason: z.string().nullable(),
  until: z.string().nullable(),
  /** What its last check told: limits of its instance, software of its server. */
  facts: z.record(z.string(), z.unknown()),
  /** What its provider's last answer told of its limits. */
  limits: z.array(z.record(z.string(), z.unknown())),
  tokenExpiresAt: z.string().nullable(),
  checkedAt: z.string().nullable(),
  /** What an hour, a day or a month may have of it. */
  budgets: z.array(budgetSchema),
  /** How many actions wait for it, or for room in its budgets. */
  waiting: z.int(),
  /** Why they wait: what its state says, or the budget that is used up; null: nothing holds them up now. */
  why: z.string().nullable(),
});
export type AccountDescription = z.output<typeof accountSchema>;

export const accountListSchema = pageOf(accountSchema);
export type AccountList = z.output<typeof accountListSchema>;

/** How long a check waits for a worker, which looks each second. */
export const ACCOUNT_CHECK_LIMIT_MS = 10_000;

/** False: no worker has checked it within 10 s. */
export const accountCheckedSchema = z.object({ checked: z.boolean(), account: accountSchema });
export type AccountChecked = z.output<typeof accountCheckedSchema>;

/** Of an account that people should look at, in `GET /v1/status`. */
export const accountWarningSchema = accountSchema.pick({
  name: true,
  provider: true,
  state: true,
  reason: true,
  until: true,
  tokenExpiresAt: true,
  waiting: true,
});
export type AccountWarning = z.output<typeof accountWarningSchema>;
