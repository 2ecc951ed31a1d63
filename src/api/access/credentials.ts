/** Who a token or a session's cookie stands for: the environment's three tokens, and those of `aol_api_tokens`. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { findLiveToken, type LiveToken } from '../../db/decide/tokens.ts';
import type { Queryable } from '../../db/pool.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import { ENVIRONMENT_ROLES, type EnvironmentRole, type Role } from '../../domain/roles.ts';
import { type Scope, UNBOUND } from '../../domain/scope.ts';
import { SessionSeal } from './session-seal.ts';

/** The environment's tokens. */
export type Tokens = Readonly<Record<EnvironmentRole, string>>;

export interface Caller {
  /** As it stands in rows and logs: the token's name, or the role of an environment's token. */
  readonly actor: string;
  readonly role: Role;
  readonly scope: Scope;
  /** What a change under the cookie must carry; null with a bearer token. */
  readonly csrfToken: string | null;
}

export interface IssuedSession {
  readonly cookie: string;
  readonly csrfToken: string;
}

/** Tokens of the table begin with this; others are not looked for there. */
const TABLE_TOKEN = /^aolt_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/;
/** A working day. */
export const SESSION_MS = 12 * 3_600_000;

export class Credentials {
  readonly #secrets: readonly { readonly role: EnvironmentRole; readonly digest: Buffer }[];
  readonly #seal: SessionSeal;

  /** @throws ConfigurationError when a token is empty or stands for two roles */
  constructor(tokens: Tokens) {
    checkTokens(tokens);
    this.#secrets = ENVIRONMENT_ROLES.map((role) => ({ role, digest: sha256(tokens[role]) }));
    this.#seal = new SessionSeal(this.#secrets.map(({ digest }) => digest));
  }

  /** Undefined for a token that nobody has. */
  async ofToken(token: string, database: Queryable): Promise<Caller | undefined> {
    const subject = await this.#subjectOf(token, database);
    return subject && { ...subject, csrfToken: null };
  }

  /** Undefined for a cookie that is not ours, too old, or of a token that has ended. */
  async ofCookie(cookie: string, database: Queryable): Promise<Caller | undefined> {
    const session = this.#seal.open(cookie);
    if (!session) return undefined;
    const { role, tokenId, csrfToken } = session;
    if (tokenId === null) return { actor: role, role, scope: UNBOUND, csrfToken };
    const live = await findLiveToken(database, { id: tokenId });
    return live && { ...asCaller(live), csrfToken };
  }

  /** Exchanges a token for a session; undefined for a token that nobody has. */
  async signIn(token: string, database: Queryable): Promise<(Caller & IssuedSession) | undefined> {
    const subject = await this.#subjectOf(token, database);
    if (!subject) return undefined;
    const csrfToken = randomBytes(24).toString('base64url');
    const { role, tokenId } = subject;
    const cookie = this.#seal.close({ role, tokenId, csrfToken, expiresAtMs: Date.now() + SESSION_MS });
    return { ...subject, csrfToken, cookie };
  }

  async #subjectOf(
    token: string,
    database: Queryable,
  ): Promise<(Omit<Caller, 'csrfToken'> & { readonly tokenId: string | null }) | undefined> {
    const role = this.#roleOf(token);
    if (role) return { actor: role, role, scope: UNBOUND, tokenId: null };
    if (!TABLE_TOKEN.test(token)) return undefined;
    const live: LiveToken | undefined = await findLiveToken(database, { sha256: sha256(token) });
    return live && { ...asCaller(live), tokenId: live.id };
  }

  /** Looks at all secrets, each in constant time, so that the time says nothing about any of them. */
  #roleOf(token: string): EnvironmentRole | undefined {
    const given = sha256(token);
    const [match] = this.#secrets.filter((secret) => timingSafeEqual(secret.digest, given));
    return match?.role;
  }
}

function asCaller({ name, role, scope }: LiveToken): Omit<Caller, 'csrfToken'> {
  return { actor: name, role, scope };
}

export interface FreshToken {
  /** The secret: 256 bits of it are random. */
  readonly token: string;
  readonly prefix: string;
  readonly sha256: Buffer;
}

/** Makes a token for the table. */
export function freshToken(): FreshToken {
  const prefix = `aolt_${randomBytes(4).toString('hex')}`;
  const token = `${prefix}_${randomBytes(32).toString('base64url')}`;
  return { token, prefix, sha256: sha256(token) };
}

/** A fast hash is right here: what is hashed is random and long, so nobody tries words. */
function sha256(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

function checkTokens(tokens: Tokens): void {
  for (const role of ENVIRONMENT_ROLES) {
    const variable = `AOL_${role.toUpperCase()}_TOKEN`;
    if (!/^\S+$/.test(tokens[role])) throw new ConfigurationError(variable, 'must not be empty or hold spaces');
    const twin = ENVIRONMENT_ROLES.find((other) => other !== role && tokens[other] === tokens[role]);
    if (twin) throw new ConfigurationError(variable, `must differ from the token of the ${twin}`);
  }
}
