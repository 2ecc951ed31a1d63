/** Who is signed in, and the client that speaks for them. The token is given once; a cookie that scripts cannot read stays. */

import { signal } from '@preact/signals';
import { AolClient } from '../../src/client/client.ts';
import { knownWord } from '../../src/contracts/words.ts';
import { hasRight, type Right, ROLES, type Role, rolesWith } from '../../src/domain/roles.ts';
import { isStatus } from './errors.ts';

export type Session =
  | { readonly kind: 'unknown' }
  /** The server does not answer at all. */
  | { readonly kind: 'away'; readonly error: unknown }
  | { readonly kind: 'out'; readonly why: string | null }
  | { readonly kind: 'in'; readonly actor: string; readonly role: Role };

export const session = signal<Session>({ kind: 'unknown' });

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
    if (isStatus(error, 401)) signedOut(null);
    else session.value = { kind: 'away', error };
  }
}

/** @throws AolApiError when the token is not known */
export async function signIn(token: string): Promise<void> {
  enter(await client.signIn(token));
}

export async function signOut(): Promise<void> {
  try {
    await client.signOut();
  } finally {
    signedOut(null);
  }
}

function enter({ actor, role }: { readonly actor: string; readonly role: string }): void {
  // A role that only the server knows: what it allows the server says, call by call.
  session.value = { kind: 'in', actor, role: knownWord(ROLES, role) ?? 'viewer' };
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
