/** `GET` and `PUT /v1/budgets`: what an hour, a day or a month may have. */

import { z } from 'zod';
import {
  ALL_NAMES,
  BUDGET_SCOPES,
  BUDGET_SPANS,
  BUDGET_UNITS,
  MOST_EFFECTS,
  MOST_MICRO_USD,
} from '../../domain/budgets.ts';
import { actionTypeSchema, openWordSchema, pageOf, reasonSchema, timeSchema } from './primitives.ts';

/** `set`: by a person. `entry`: of an account in its file. `all`: set for every name of the scope. `default`: of accounts. */
export const BUDGET_SOURCES = ['set', 'entry', 'all', 'default'] as const;

/** An account's name, or the `default` one of a provider: `bluesky.default`. */
export const accountKeySchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,100}$/u, { message: 'must be the name of an account' });
const hostSchema = z.string().regex(/^[a-z0-9.[\]:_-]{1,253}$/u, { message: 'must be a host, in lower case' });

const NAMES = { account: accountKeySchema, host: hostSchema, type: actionTypeSchema, domain: hostSchema } as const;

const scopeSchema = z.enum(BUDGET_SCOPES);

export const budgetSchema = z.object({
  scope: openWordSchema(BUDGET_SCOPES),
  /** `*`: each name that has no number of its own. */
  name: z.string(),
  /** By the clock of UTC. */
  span: openWordSchema(BUDGET_SPANS),
  /** `microUsd`: millionths of a US dollar. */
  unit: openWordSchema(BUDGET_UNITS),
  limit: z.int(),
  /** In the present hour, day or month; of `*` what the name with the most has used. */
  used: z.int(),
  /** When the next one begins. */
  resetsAt: timeSchema,
  source: openWordSchema(BUDGET_SOURCES),
  setBy: z.string().nullable(),
  /** How many actions wait for room. */
  waiting: z.int(),
});
export type Budget = z.output<typeof budgetSchema>;

export const budgetListSchema = pageOf(budgetSchema);
export type BudgetList = z.output<typeof budgetListSchema>;

export const budgetQuerySchema = z.strictObject({
  scope: scopeSchema.optional(),
  name: z.string().max(300).optional(),
});
export type BudgetQuery = z.input<typeof budgetQuerySchema>;

/** A limit of null takes the number back: then the entry's counts, or that of `*`, or the default. */
const limitSchema = z
  .strictObject({
    span: z.enum(BUDGET_SPANS),
    unit: z.enum(BUDGET_UNITS).default('effects'),
    limit: z.int().min(0).max(MOST_MICRO_USD).nullable(),
  })
  .refine(({ unit, limit }) => unit !== 'effects' || (limit ?? 0) <= MOST_EFFECTS, {
    message: `must be at most ${MOST_EFFECTS} effects`,
    path: ['limit'],
  });

export const budgetPutSchema = z
  .strictObject({
    scope: scopeSchema,
    name: z.string().max(300),
    limits: z.array(limitSchema).min(1).max(6).readonly(),
    reason: reasonSchema.optional(),
  })
  .superRefine(({ scope, name, limits }, context) => {
    const problem = name === ALL_NAMES ? undefined : NAMES[scope].safeParse(name).error?.issues[0]?.message;
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['name'], message: problem });
    const keys = limits.map(({ span, unit }) => `${span} ${unit}`);
    if (new Set(keys).size < keys.length) {
      context.addIssue({ code: 'custom', path: ['limits'], message: 'must name each span and unit once' });
    }
  })
  .meta({
    examples: [
      {
        scope: 'account',
        name: '*',
        limits: [
          { span: 'hour', limit: 10 },
          { span: 'day', limit: 60 },
        ],
      },
      { scope: 'domain', name: 'example.com', limits: [{ span: 'day', limit: 100 }], reason: 'they asked for it' },
      { scope: 'type', name: 'GENERATE_TEXT', limits: [{ span: 'day', unit: 'microUsd', limit: 2_500_000 }] },
    ],
  });
export type BudgetPut = z.output<typeof budgetPutSchema>;
export type BudgetPutInput = z.input<typeof budgetPutSchema>;
