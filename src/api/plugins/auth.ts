/** Bearer tokens and roles. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { ConfigurationError, ForbiddenError, UnauthenticatedError } from '../../domain/errors.ts';
import { ROLES, type Role, roleIncludes } from '../../domain/roles.ts';
import type { Api } from '../context.ts';

/** A token for each role. */
export type Tokens = Readonly<Record<Role, string>>;

/**
 * Asks every call for a token, unless its route is public, and compares the roles.
 *
 * @throws ConfigurationError when a token is empty or stands for two roles
 */
export function addAuthentication(app: Api, tokens: Tokens): void {
  checkTokens(tokens);
  const secrets = ROLES.map((role) => ({ role, digest: digest(tokens[role]) }));
  app.decorateRequest('actor', '');
  app.decorateRequest('role', null);
  app.addHook('onRequest', async (request) => {
    if (request.is404) return;
    const needed = request.routeOptions.config.role;
    if (needed === 'public') return;
    const role = roleOf(request.headers.authorization, secrets);
    if (needed === undefined || !roleIncludes(role, needed)) {
      throw new ForbiddenError(`this needs the role ${needed ?? 'of nobody'}; the token's role is ${role}`);
    }
    request.actor = role;
    request.role = role;
  });
}

/** Looks at all secrets, each in constant time, so that the time says nothing about any of them. */
function roleOf(
  authorization: string | undefined,
  secrets: readonly { readonly role: Role; readonly digest: Buffer }[],
): Role {
  const token = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw new UnauthenticatedError('this needs a bearer token: Authorization: Bearer …');
  const given = digest(token);
  const matches = secrets.filter((secret) => timingSafeEqual(secret.digest, given));
  const [match] = matches;
  if (!match) throw new UnauthenticatedError('the bearer token is not known');
  return match.role;
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

function checkTokens(tokens: Tokens): void {
  for (const role of ROLES) {
    const variable = `AOL_${role.toUpperCase()}_TOKEN`;
    if (!/^\S+$/.test(tokens[role])) throw new ConfigurationError(variable, 'must not be empty or hold spaces');
    const twin = ROLES.find((other) => other !== role && tokens[other] === tokens[role]);
    if (twin) throw new ConfigurationError(variable, `must differ from the token of the ${twin}`);
  }
}
