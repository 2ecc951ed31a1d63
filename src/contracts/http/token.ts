/** `/v1/tokens`: named bearer tokens. Each is shown once, when it is made; what is kept is its SHA-256. */

import { z } from 'zod';
import { ROLES } from '../../domain/roles.ts';
import { pageOf, runAtSchema, timeSchema } from './primitives.ts';

/** Names of the environment's tokens and of the engine, which would be mistaken for them in logs. */
export const RESERVED_ACTORS = ['admin', 'operator', 'viewer', 'system', 'engine', 'anonymous', 'aol'] as const;

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

export const createTokenRequestSchema = z
  .strictObject({
    name: tokenNameSchema,
    role: z.enum(ROLES),
    /** When it ends: 90 days from now when absent, never when null. */
    expiresAt: runAtSchema
      .refine((text) => Date.parse(text) > Date.now(), { message: 'must lie in the future' })
      .nullable()
      .optional(),
  })
  .meta({ examples: [{ name: 'ci-bot', role: 'operator' }] });
export type CreateTokenRequest = z.output<typeof createTokenRequestSchema>;

export const tokenSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  role: z.enum(ROLES),
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
  role: z.enum(ROLES),
  /** The secret itself. It is answered this once. */
  token: z.string(),
  expiresAt: timeSchema.nullable(),
});
export type CreatedToken = z.output<typeof createdTokenSchema>;
