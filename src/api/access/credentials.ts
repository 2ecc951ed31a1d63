/** Who a token or a session's cookie stands for: the environment's three tokens, and those of `aol_api_tokens`. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createSession, endSession } from '../../db/decide/sessions.ts';
import type { LiveToken } from '../../db/decide/tokens.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import { ENVIRONMENT_ROLES, type EnvironmentRole, type Role } from '../../domain/roles.ts';
import { type Scope, UNBOUND } from '../../domain/scope.ts';
import type { LookUps } from './look-ups.ts';

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

/** Tokens of the table begin with this; others are not looked for there. */
const TABLE_TOKEN = /^aolt_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/;
const COOKIE = /^[A-Za-z0-9_-]{43}$/;
/** A working day. */
export const SESSION_MS = 12 * 3_600_000;
/** Of so many digests it is known that they were right a while ago. */
const MOST_KNOWN = 1_000;

export class Credentials {
  readonly #secrets: readonly { readonly role: EnvironmentRole; readonly digest: Buffer }[];
  readonly #known = new Set<string>();

  /** @throws ConfigurationError when a token is empty or stands for two roles */
  constructor(tokens: Tokens) {
    checkTokens(tokens);
    this.#secrets = ENVIRONMENT_ROLES.map((role) => ({ role, digest: sha256(tokens[role]) }));
  }

  /** Whose token of the environment it is, without asking anybody. */
  ofEnvironment(token: string): Caller | undefined {
    return this.#environmentCaller(sha256(token), null);
  }

  /** Whether a token or cookie was right a while ago: it may go before those of which nothing is known. It is looked up all the same. */
  wasRight(secret: string): boolean {
    return this.#known.has(sha256(secret).toString('base64'));
  }

  /** Undefined for a token that nobody has. */
  async ofToken(token: string, lookUps: LookUps): Promise<Caller | undefined> {
    const own = this.ofEnvironment(token);
    if (own || !TABLE_TOKEN.test(token)) return own;
    const digest = sha256(token);
    const live = await lookUps.tokenBySha256(digest);
    return live && this.#right(digest, { ...asCaller(live), csrfToken: null });
  }

  /** Undefined for a cookie that is not ours, too old, or of a session or token that has ended. */
  async ofCookie(cookie: string, lookUps: LookUps): Promise<Caller | undefined> {
    if (!COOKIE.test(cookie)) return undefined;
    const digest = sha256(cookie);
    const session = await lookUps.session(digest);
    if (!session) return undefined;
    const csrfToken = csrfTokenOf(cookie);
    if ('environmentSha256' in session.token) {
      const caller = this.#environmentCaller(session.token.environmentSha256, csrfToken);
      return caller && this.#right(digest, caller);
    }
    const live = await lookUps.tokenById(session.token.tokenId);
    return live && this.#right(digest, { ...asCaller(live), csrfToken });
  }

  /** Exchanges a token for a session; undefined for a token that nobody has. */
  async signIn(token: string, lookUps: LookUps): Promise<(Caller & { readonly cookie: string }) | undefined> {
    const caller = await this.ofToken(token, lookUps);
    if (!caller) return undefined;
    const digest = sha256(token);
    const begunWith = this.ofEnvironment(token) ? undefined : await lookUps.tokenBySha256(digest);
    const cookie = randomBytes(32).toString('base64url');
    await createSession(lookUps.database, {
      sha256: sha256(cookie),
      token: begunWith ? { tokenId: begunWith.id } : { environmentSha256: digest },
      lastsMs: SESSION_MS,
    });
    return { ...caller, csrfToken: csrfTokenOf(cookie), cookie };
  }

  /** Ends the session of a cookie, for every copy of it. */
  async signOut(cookie: string, lookUps: LookUps): Promise<void> {
    await endSession(lookUps.database, sha256(cookie));
  }

  /** Looks at all secrets, each in constant time, so that the time says nothing about any of them. */
  #environmentCaller(digest: Buffer, csrfToken: string | null): Caller | undefined {
    const [match] = this.#secrets.filter((secret) => timingSafeEqual(secret.digest, digest));
    return match && { actor: match.role, role: match.role, scope: UNBOUND, csrfToken };
  }

  #right(digest: Buffer, caller: Caller): Caller {
    const [oldest] = this.#known;
    if (oldest !== undefined && this.#known.size >= MOST_KNOWN) this.#known.delete(oldest);
    this.#known.add(digest.toString('base64'));
    return caller;
  }
}

/** Another text than the cookie, which only who has the cookie can work out. */
function csrfTokenOf(cookie: string): string {
  return sha256(`csrf ${cookie}`).toString('base64url').slice(0, 32);
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
