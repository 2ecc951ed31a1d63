/** `/v1/session` and `/v1/sessions`: the dashboard's sign-in, by a token or by OpenID Connect, and who is signed in. */

import { z } from 'zod';
import { ROLES } from '../../domain/roles.ts';
import { openWordSchema, pageOf, timeSchema } from './primitives.ts';
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
  /** As it stands in rows and logs: the name of a token, or of a person, which holds an `@`. */
  actor: z.string(),
  role: openWordSchema(ROLES),
  ...boundsShape,
  /** Null for calls with a bearer token, which need none. */
  csrfToken: z.string().nullable(),
  /** Where a page goes when it has signed out, so that people can sign out at their issuer too; null: nowhere. */
  signOutUrl: z.string().nullable(),
});
export type Session = z.output<typeof sessionSchema>;

/** `GET /v1/session/methods`: how one may sign in here. */
export const signInMethodsSchema = z.object({
  /** Null: people do not sign in by OpenID Connect here. */
  oidc: z
    .object({
      /** Whose page people sign in at: `id.example`. */
      issuerHost: z.string(),
      /** Where a browser goes to sign in; with `?to=/decisions` it comes back there. */
      beginUrl: z.string(),
    })
    .nullable(),
});
export type SignInMethods = z.output<typeof signInMethodsSchema>;

/** The page's parameter that says why a sign-in by OpenID Connect ended without a session, or a sign-out without the issuer. */
export const SIGN_IN_PARAMETER = 'sign-in';
export const SIGN_IN_REFUSALS = [
  'denied',
  'expired',
  'issuer_away',
  'away',
  'failed',
  'no_role',
  'disabled',
  'signed_in_there',
] as const;
export type SignInRefusal = (typeof SIGN_IN_REFUSALS)[number];

export const SESSION_METHODS = ['person', 'token'] as const;

/** A session that lives, in `GET /v1/sessions`. */
export const sessionEntrySchema = z.object({
  id: z.uuid(),
  actor: z.string(),
  role: openWordSchema(ROLES),
  /** What it was begun with. */
  method: openWordSchema(SESSION_METHODS),
  createdAt: timeSchema,
  /** To the minute. An hour without use ends it. */
  lastUsedAt: timeSchema,
  /** When it ends in any case. */
  expiresAt: timeSchema,
  /** From where it was begun. */
  address: z.string().nullable(),
  /** What the browser said that it is, when it was begun. */
  browser: z.string().nullable(),
  /** Whether it is the one that asks. */
  isCurrent: z.boolean(),
});
export type SessionEntry = z.output<typeof sessionEntrySchema>;
export const sessionListSchema = pageOf(sessionEntrySchema);
export type SessionList = z.output<typeof sessionListSchema>;
