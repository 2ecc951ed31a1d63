/** `/v1/tokens`: named bearer tokens. Each is shown once, when it is made; what is kept is its SHA-256. */

import { z } from 'zod';
import { MAX_TOKEN_BOUNDS } from '../../domain/limits.ts';
import { ENVIRONMENT_ROLES, ROLES } from '../../domain/roles.ts';
import { actionTypeSchema, laneNameSchema, openWordSchema, pageOf, runAtSchema, timeSchema } from './primitives.ts';

/** Names of the environment's tokens and of the engine, which would be mistaken for them in logs. */
export const RESERVED_ACTORS = [...ENVIRONMENT_ROLES, 'system', 'engine', 'anonymous', 'aol'] as const;

export const tokenNameSchema = z
  .string()
  .max(63)
  .regex(/^[a-z0-9][a-z0-9._-]*$/, {
    message: 'must start with a lower-case letter or digit and hold only those, dot, dash and underscore',
  })
  .refine((name) => !RESERVED_ACTORS.some((reserved) => reserved === name), {
    message: `must not be one of ${RESERVED_ACTORS.join(', ')}`,
  });

export const DEFAULT_TOKEN_DAYS = 90;

/** What a token is bound to; null is all lanes, all types. */
export const boundsShape = {
  lanes: z.array(z.string()).readonly().nullable(),
  types: z.array(z.string()).readonly().nullable(),
};

function boundTo<Item extends z.ZodType<string>>(item: Item) {
  return z.array(item).min(1).max(MAX_TOKEN_BOUNDS).optional();
}

export const createTokenRequestSchema = z
  .strictObject({
    name: tokenNameSchema,
    role: z.enum(ROLES),
    /** The lanes that it sees and touches; all when absent. */
    lanes: boundTo(laneNameSchema),
    /** The action types that it queues and decides about; all when absent. */
    types: boundTo(actionTypeSchema),
    /** When it ends: 90 days from now when absent, never when null. */
    expiresAt: runAtSchema
      .refine((text) => Date.parse(text) > Date.now(), { message: 'must lie in the future' })
      .nullable()
      .optional(),
  })
  .refine(({ role, lanes, types }) => role !== 'admin' || (lanes === undefined && types === undefined), {
    path: ['role'],
    message: 'must not be admin for a token that is bound: an admin makes tokens without bounds',
  })
  .meta({
    examples: [
      { name: 'ci-bot', role: 'operator' },
      { name: 'bot', role: 'agent', lanes: ['default'], types: ['POST_SOCIAL'] },
    ],
  });
export type CreateTokenRequest = z.output<typeof createTokenRequestSchema>;

export const tokenSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  role: openWordSchema(ROLES),
  ...boundsShape,
  /** How the token begins, to find it again. */
  prefix: z.string(),
  createdBy: z.string(),
  createdAt: timeSchema,
  expiresAt: timeSchema.nullable(),
  /** To the minute. */
  lastUsedAt: timeSchema.nullable(),
  revokedAt: timeSchema.nullable(),
  revokedBy: z.string().nullable(),
});
export type ApiToken = z.output<typeof tokenSchema>;
export const tokenListSchema = pageOf(tokenSchema);
export type TokenList = z.output<typeof tokenListSchema>;

export const createdTokenSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  role: openWordSchema(ROLES),
  ...boundsShape,
  /** The secret itself. It is answered this once. */
  token: z.string(),
  expiresAt: timeSchema.nullable(),
});
export type CreatedToken = z.output<typeof createdTokenSchema>;
