/** Who may call: signing in and out, sessions, people, tokens. */

import { type Person, type PersonList, personListSchema, personSchema } from '../contracts/http/person.ts';
import {
  type Session,
  type SessionList,
  type SignInMethods,
  sessionListSchema,
  sessionSchema,
  signInMethodsSchema,
} from '../contracts/http/session.ts';
import {
  type CreatedToken,
  type CreateTokenRequest,
  createdTokenSchema,
  type TokenList,
  tokenListSchema,
} from '../contracts/http/token.ts';
import type { PageFilter } from './filters.ts';
import { LimitCalls } from './limits.ts';

export class AccessCalls extends LimitCalls {
  listTokens(page: PageFilter = {}): Promise<TokenList> {
    return this.json(tokenListSchema, { path: '/v1/tokens', query: { ...page } });
  }

  /** The secret is answered this once. */
  createToken(request: CreateTokenRequest): Promise<CreatedToken> {
    return this.json(createdTokenSchema, { method: 'POST', path: '/v1/tokens', body: request });
  }

  /** Ends a token at once, and its sessions. */
  async revokeToken(id: string): Promise<void> {
    const path = `/v1/tokens/${encodeURIComponent(id)}`;
    await this.transport.call({ method: 'DELETE', path, repeatable: true }, nothing);
  }

  /** How people may sign in to the dashboard. */
  signInMethods(): Promise<SignInMethods> {
    return this.json(signInMethodsSchema, { path: '/v1/session/methods' });
  }

  /** In a page: exchanges a token for the session's cookie. What is changed from then on carries its CSRF token. */
  async signIn(token: string): Promise<Session> {
    this.transport.assertPrivate();
    return this.#taken(await this.json(sessionSchema, { method: 'POST', path: '/v1/session', body: { token } }));
  }

  /** Who calls; in a page that was loaded anew it also takes the session's CSRF token up again. */
  async session(): Promise<Session> {
    return this.#taken(await this.json(sessionSchema, { path: '/v1/session' }));
  }

  async signOut(): Promise<void> {
    await this.transport.call({ method: 'DELETE', path: '/v1/session' }, nothing);
    this.transport.csrfToken = null;
  }

  /** Open sessions of the dashboard, the newest first: one's own, an admin's everybody's. */
  listSessions(page: PageFilter = {}): Promise<SessionList> {
    return this.json(sessionListSchema, { path: '/v1/sessions', query: { ...page } });
  }

  /** Ends a session at once, everywhere. */
  async endSession(id: string): Promise<void> {
    const path = `/v1/sessions/${encodeURIComponent(id)}`;
    await this.transport.call({ method: 'DELETE', path, repeatable: true }, nothing);
  }

  /** Who has signed in by OpenID Connect. */
  listPeople(page: PageFilter = {}): Promise<PersonList> {
    return this.json(personListSchema, { path: '/v1/people', query: { ...page } });
  }

  /** Shuts a person out, at once and with all open sessions. */
  disablePerson(id: string, options: { readonly reason?: string | undefined } = {}): Promise<Person> {
    return this.#setPerson(id, 'disable', options);
  }

  /** Lets a person sign in again. */
  enablePerson(id: string, options: { readonly reason?: string | undefined } = {}): Promise<Person> {
    return this.#setPerson(id, 'enable', options);
  }

  #setPerson(id: string, verb: 'disable' | 'enable', body: object): Promise<Person> {
    const path = `/v1/people/${encodeURIComponent(id)}/${verb}`;
    return this.json(personSchema, { method: 'POST', path, body, repeatable: true });
  }

  #taken(session: Session): Session {
    this.transport.csrfToken = session.csrfToken;
    return session;
  }
}

/** The answer has no body, or none that matters. */
async function nothing(response: Response): Promise<void> {
  await response.body?.cancel();
}
