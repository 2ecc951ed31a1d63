/** Accounts as they go out: who speaks, whether it can, until when; never a secret. */

import { z } from 'zod';
import { openWordSchema, pageOf } from './primitives.ts';

/** `not_checked`: nobody has tried yet. `limited`: until a time. `on_hold`: until somebody looks after it and checks it. */
export const ACCOUNT_STATES = ['not_checked', 'ready', 'needs_login', 'on_hold', 'limited'] as const;

const MOST = 1_000_000;
const boundSchema = z.int().min(0).max(MOST).nullable();

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
  /** So many effects in an hour and a day of UTC; null is without bound. `used` counts the present ones. */
  budget: z.object({
    perHour: boundSchema,
    perDay: boundSchema,
    usedThisHour: z.int(),
    usedToday: z.int(),
    setBy: z.string().nullable(),
  }),
  /** How many actions wait for it. */
  waiting: z.int(),
});
export type AccountDescription = z.output<typeof accountSchema>;

export const accountListSchema = pageOf(accountSchema);
export type AccountList = z.output<typeof accountListSchema>;

/** False: no worker has checked it within 10 s. */
export const accountCheckedSchema = z.object({ checked: z.boolean(), account: accountSchema });
export type AccountChecked = z.output<typeof accountCheckedSchema>;

/** Null takes an admin's number back: then its entry's counts, or the default. */
export const budgetRequestSchema = z
  .strictObject({ perHour: boundSchema.optional(), perDay: boundSchema.optional() })
  .meta({ examples: [{ perHour: 10, perDay: 60 }] });
export type BudgetRequest = z.input<typeof budgetRequestSchema>;

/** An account's name, the `default` one of a provider (`bluesky.default`), or a host of webhooks: `webhook:hooks.example`. */
export const accountKeySchema = z.string().regex(/^(?:[a-z0-9][a-z0-9._-]{0,100}|webhook:[a-z0-9.[\]:_-]{1,253})$/u, {
  message: 'must be the name of an account, or webhook: and a host',
});

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
