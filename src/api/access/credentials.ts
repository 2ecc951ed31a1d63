/** Who a token or a session's cookie stands for: the environment's three tokens, those of `aol_api_tokens`, and people. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ListedSession, LiveSession, SessionOwner } from '../../db/decide/sessions.ts';
import type { LiveToken } from '../../db/decide/tokens.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import { ENVIRONMENT_ROLES, type EnvironmentRole, type Role } from '../../domain/roles.ts';
import { type Scope, UNBOUND } from '../../domain/scope.ts';
import type { LookUps } from './look-ups.ts';
import type { Oidc } from './oidc.ts';

/** The environment's tokens. */
export type Tokens = Readonly<Record<EnvironmentRole, string>>;

/** Who it is, whatever the call came with. */
interface Identity {
  /** As it stands in rows and logs: the token's name, the role of an environment's token, or the person's name. */
  readonly actor: string;
  readonly role: Role;
  readonly scope: Scope;
  /** What sessions of this caller are begun by. */
  readonly owner: SessionOwner;
}

export interface Caller extends Identity {
  /** Null with a bearer token. */
  readonly session: {
    readonly id: string;
    /** What a change under the cookie must carry. */
    readonly csrfToken: string;
  } | null;
}

/** Tokens of the table begin with this; others are not looked for there. */
const TABLE_TOKEN = /^aolt_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/;
const COOKIE = /^[A-Za-z0-9_-]{43}$/;
/** Of so many digests it is known that they were right a while ago. */
const MOST_KNOWN = 1_000;

export class Credentials {
  readonly #secrets: readonly { readonly role: EnvironmentRole; readonly digest: Buffer }[];
  readonly #known = new Set<string>();
  readonly #oidc: Oidc | undefined;

  /**
   * @param oidc undefined: no person has a session
   * @throws ConfigurationError when a token is empty or stands for two roles
   */
  constructor(tokens: Tokens, oidc?: Oidc) {
    checkTokens(tokens);
    this.#secrets = ENVIRONMENT_ROLES.map((role) => ({ role, digest: sha256(tokens[role]) }));
    this.#oidc = oidc;
  }

  /** Of the environment's tokens. */
  get environmentSha256s(): readonly Buffer[] {
    return this.#secrets.map(({ digest }) => digest);
  }

  /** Whose token of the environment it is, without asking anybody. */
  ofEnvironment(token: string): Caller | undefined {
    const identity = this.#environment(sha256(token));
    return identity && { ...identity, session: null };
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
    return live && this.#right(digest, { ...ofTable(live), session: null });
  }

  /** Undefined for a cookie that is not ours, too old, or of a session, a token or a person that has ended. */
  async ofCookie(cookie: string, lookUps: LookUps): Promise<Caller | undefined> {
    if (!COOKIE.test(cookie)) return undefined;
    const digest = sha256(cookie);
    const session = await lookUps.session(digest);
    const identity = session && (await this.#ofSession(session, lookUps));
    return (
      identity && this.#right(digest, { ...identity, session: { id: session.id, csrfToken: csrfTokenOf(cookie) } })
    );
  }

  /** Whose session of a list it is; undefined when that may do nothing any more. */
  ofListed({ owner, person, token }: ListedSession): Pick<Identity, 'actor' | 'role'> | undefined {
    if (token) return { actor: token.name, role: token.role };
    return 'environmentSha256' in owner ? this.#environment(owner.environmentSha256) : this.#person(owner, person);
  }

  async #ofSession({ owner, person }: LiveSession, lookUps: LookUps): Promise<Identity | undefined> {
    if ('environmentSha256' in owner) return this.#environment(owner.environmentSha256);
    if ('personId' in owner) return this.#person(owner, person);
    const live = await lookUps.tokenById(owner.tokenId);
    return live && ofTable(live);
  }

  /** Looks at all secrets, each in constant time, so that the time says nothing about any of them. */
  #environment(digest: Buffer): Identity | undefined {
    const [match] = this.#secrets.filter((secret) => timingSafeEqual(secret.digest, digest));
    return match && { actor: match.role, role: match.role, scope: UNBOUND, owner: { environmentSha256: digest } };
  }

  #person(owner: SessionOwner, person: LiveSession['person']): Identity | undefined {
    const role = person ? this.#oidc?.roleOf(person) : undefined;
    return person && role ? { actor: person.name, role, scope: UNBOUND, owner } : undefined;
  }

  #right(digest: Buffer, caller: Caller): Caller {
    const [oldest] = this.#known;
    if (oldest !== undefined && this.#known.size >= MOST_KNOWN) this.#known.delete(oldest);
    this.#known.add(digest.toString('base64'));
    return caller;
  }
}

/** Another text than the cookie, which only who has the cookie can work out. */
export function csrfTokenOf(cookie: string): string {
  return sha256(`csrf ${cookie}`).toString('base64url').slice(0, 32);
}

function ofTable({ id, name, role, scope }: LiveToken): Identity {
  return { actor: name, role, scope, owner: { tokenId: id } };
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
export function sha256(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

function checkTokens(tokens: Tokens): void {
  for (const role of ENVIRONMENT_ROLES) {
    const variable = `AOL_${role.toUpperCase()}_TOKEN`;
    if (!/^\S+$/.test(tokens[role])) throw new ConfigurationError(variable, 'must not be empty or contain spaces');
    const twin = ENVIRONMENT_ROLES.find((other) => other !== role && tokens[other] === tokens[role]);
    if (twin) throw new ConfigurationError(variable, `must differ from the token of the ${twin}`);
  }
}
