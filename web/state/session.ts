/** Who is signed in, and the client that speaks for them. The token is given once; a cookie that scripts cannot read stays. */

import { signal } from '@preact/signals';
import { AolClient } from '../../src/client/client.ts';
import type { Session as SessionAnswer, SignInMethods } from '../../src/contracts/http/session.ts';
import { knownWord } from '../../src/contracts/words.ts';
import { hasRight, type Right, ROLES, type Role, rolesWith } from '../../src/domain/roles.ts';
import { isStatus } from './errors.ts';

export type Session =
  | { readonly kind: 'unknown' }
  /** The server does not answer at all. */
  | { readonly kind: 'away'; readonly error: unknown }
  | { readonly kind: 'out'; readonly why: string | null }
  | { readonly kind: 'in'; readonly actor: string; readonly role: Role; readonly signOutUrl: string | null };

export const session = signal<Session>({ kind: 'unknown' });

/** How one may sign in here; undefined until that is known. */
export const signInMethods = signal<SignInMethods | undefined>(undefined);

/** Calls that are slow because the server is busy are given time; calls that fail are repeated by those who show them. */
export const client = new AolClient({
  baseUrl: location.origin,
  fetch: sendWithSession,
  maxTries: 1,
  timeoutMs: 15_000,
});

async function sendWithSession(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  if (response.status === 401 && session.value.kind === 'in')
    signedOut('Your session has ended. Sign in again to go on.');
  return response;
}

function signedOut(why: string | null): void {
  session.value = { kind: 'out', why };
}

/** Goes on with the cookie of an earlier visit, if there is one. */
export async function restoreSession(): Promise<void> {
  try {
    enter(await client.session());
  } catch (error) {
    if (isStatus(error, 401)) {
      await findSignInMethods();
      signedOut(null);
    } else session.value = { kind: 'away', error };
  }
}

/** A token is taken in any case, also where this cannot be known. */
export async function findSignInMethods(): Promise<void> {
  signInMethods.value ??= await client.signInMethods().catch(() => undefined);
}

/** @throws AolApiError when the token is not known */
export async function signIn(token: string): Promise<void> {
  enter(await client.signIn(token));
}

/** Whoever came from an issuer goes on to its page, to sign out there too. */
export async function signOut(): Promise<void> {
  const signOutUrl = session.value.kind === 'in' ? session.value.signOutUrl : null;
  try {
    await client.signOut();
    if (signOutUrl !== null) location.assign(signOutUrl);
    signedOut(null);
  } catch (error) {
    signedOut(isStatus(error, 401) ? null : 'AOL did not answer: you may still be signed in here.');
  }
}

function enter({ actor, role, signOutUrl }: Pick<SessionAnswer, 'actor' | 'role' | 'signOutUrl'>): void {
  // A role that only the server knows: what it allows the server says, call by call.
  session.value = { kind: 'in', actor, role: knownWord(ROLES, role) ?? 'viewer', signOutUrl };
}

/** Why the person who is signed in may not do this; undefined when they may. */
export function whyNot(needed: Right): string | undefined {
  if (session.value.kind !== 'in') return 'You are signed out.';
  const { role } = session.value;
  if (hasRight(role, needed)) return undefined;
  const roles = rolesWith(needed)
    .join(', ')
    .replace(/, (?=[a-z]+$)/u, ' or ');
  return `This needs the role ${roles}; you are signed in as ${role}.`;
}
