/** `/v1/session`: the dashboard's sign-in, in exchange for a token. */

import { z } from 'zod';
import { ROLES } from '../../domain/roles.ts';
import { openWordSchema } from './primitives.ts';
import { boundsShape } from './token.ts';

export const SESSION_COOKIE = 'aol_session';
/** Its name behind TLS: no other host of the domain, and nothing without TLS, can set a cookie of this name. */
export const SECURE_SESSION_COOKIE = '__Host-aol_session';
/** Every change that is asked for with the cookie carries the session's token in this header. */
export const CSRF_HEADER = 'x-csrf-token';

export const signInRequestSchema = z
  .strictObject({ token: z.string().min(1).max(512) })
  .meta({ examples: [{ token: 'a token of any role' }] });

export const sessionSchema = z.object({
  actor: z.string(),
  role: openWordSchema(ROLES),
  ...boundsShape,
  /** Null for calls with a bearer token, which need none. */
  csrfToken: z.string().nullable(),
});
export type Session = z.output<typeof sessionSchema>;
