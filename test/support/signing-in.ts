/** An AOL at which people sign in by OpenID Connect, and browsers that do. */

import type { ApiOptions } from '../../src/api/app.ts';
import { freePort } from '../../src/local/index.ts';
import { createTestApi, type TestApi } from './api.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import { type Seen, Visitor } from './visitor.ts';

export const GROUP_ROLES = [
  { group: 'readers', role: 'viewer' },
  { group: 'approvers', role: 'approver' },
  { group: 'ops', role: 'operator' },
  { group: 'owners', role: 'admin' },
] as const;

export interface OidcScene {
  readonly api: TestApi;
  readonly issuer: Issuer;
  close(): Promise<void>;
}

export async function createOidcScene(overrides: Partial<ApiOptions> = {}): Promise<OidcScene> {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const issuer = await startIssuer(publicUrl);
  const { url, clientId, clientSecret } = issuer;
  const oidc = { issuer: url, clientId, clientSecret, roles: GROUP_ROLES, publicUrl };
  const api = await createTestApi({ oidc, ...overrides }, port);
  return {
    api,
    issuer,
    async close() {
      await api.close();
      await issuer.stop();
    },
  };
}

/** Signs in as a person, and ends where that leads. */
export async function signInAs(
  { api }: Pick<OidcScene, 'api'>,
  login: string,
  { visitor = new Visitor(), to, stopAt }: { visitor?: Visitor; to?: string; stopAt?: string } = {},
): Promise<{ readonly visitor: Visitor; readonly seen: Seen }> {
  const query = to === undefined ? '' : `?to=${encodeURIComponent(to)}`;
  const logIn = await visitor.visit(`${api.url}/v1/session/oidc${query}`);
  // Whom the issuer knows already it does not ask.
  if (!logIn.url.includes('/log-in/')) return { visitor, seen: logIn };
  const seen = await visitor.visit(logIn.url, { form: { login }, ...(stopAt !== undefined && { stopAt }) });
  return { visitor, seen };
}

/** Headers of a call under a visitor's session; `with` its CSRF token, of a change. */
export function cookieOf(visitor: Visitor, { api }: Pick<OidcScene, 'api'>): Record<string, string> {
  const value = visitor.cookie(api.url, 'aol_session');
  return value === undefined ? {} : { cookie: `aol_session=${value}` };
}
