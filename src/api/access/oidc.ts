/** OpenID Connect: sends people to their issuer, and reads what it says of those who come back. */

import { createHash, randomBytes } from 'node:crypto';
import * as client from 'openid-client';
import { z } from 'zod';
import { errorText, UnavailableError } from '../../domain/errors.ts';
import { type GroupRole, type PersonRole, personName, roleOfGroups } from '../../domain/people.ts';
import { ownAddress } from './own-address.ts';

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What groups give. */
  readonly roles: readonly GroupRole[];
  /** Where people reach this server, without a slash at the end. */
  readonly publicUrl: string;
}

export const CALLBACK_PATH = '/v1/session/oidc/callback';

/** Who came back, as the issuer says; or why nobody did. */
export type Return =
  | { readonly kind: 'person'; readonly subject: string; readonly name: string; readonly groups: readonly string[] }
  | { readonly kind: 'refused'; readonly why: 'denied' | 'expired' | 'failed'; readonly detail: string };

/** Clocks of issuers and ours may differ by so much. */
const CLOCK_TOLERANCE_SECONDS = 60;
const TIMEOUT_SECONDS = 5;
/** Many who begin at once ask the issuer once. */
const SHARED_MS = 5_000;

export class Oidc {
  /** As it stands beside people's subjects. */
  readonly issuer: string;
  readonly publicUrl: string;
  readonly #settings: OidcSettings;
  #shared: { readonly configuration: Promise<client.Configuration>; readonly untilMs: number } | undefined;

  constructor(settings: OidcSettings) {
    this.#settings = settings;
    this.issuer = new URL(settings.issuer).href;
    this.publicUrl = settings.publicUrl;
  }

  get issuerHost(): string {
    return new URL(this.issuer).host;
  }

  /** What a person of this issuer may do; undefined for one of another issuer, and for one whose groups give nothing. */
  roleOf({ issuer, groups }: { readonly issuer: string; readonly groups: readonly string[] }): PersonRole | undefined {
    return issuer === this.issuer ? roleOfGroups(groups, this.#settings.roles) : undefined;
  }

  /**
   * Where a browser goes to sign in, and the cookie that it has to come back with.
   *
   * @param to where it wants to be afterwards
   * @throws UnavailableError when the issuer does not answer
   */
  async begin(to: string | undefined): Promise<{ readonly url: string; readonly cookie: string }> {
    const secret = randomBytes(32).toString('base64url');
    const configuration = await away(this.#recentConfiguration());
    const hasGroupsScope = configuration.serverMetadata().scopes_supported?.includes('groups') === true;
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.publicUrl + CALLBACK_PATH,
      scope: `openid profile email${hasGroupsScope ? ' groups' : ''}`,
      state: derived(secret, 'state'),
      nonce: derived(secret, 'nonce'),
      code_challenge: await client.calculatePKCECodeChallenge(derived(secret, 'verifier')),
      code_challenge_method: 'S256',
    });
    return { url: url.href, cookie: `${secret}.${Buffer.from(ownAddress(to)).toString('base64url')}` };
  }

  /**
   * What comes of a person's return. It counts only in the browser that began.
   *
   * @param search the query of the address that the issuer sent the browser to
   * @param cookie what {@link begin} gave the browser
   * @throws UnavailableError when the issuer does not answer
   */
  async finish(search: string, cookie: string | undefined): Promise<Return> {
    const [, secret] = COOKIE.exec(cookie ?? '') ?? [];
    if (secret === undefined) return refused('expired', 'the browser has no cookie of a sign-in that was begun');
    const address = new URL(this.publicUrl + CALLBACK_PATH);
    address.search = search;
    if (address.searchParams.get('state') !== derived(secret, 'state')) {
      return refused('expired', 'the state is not the one of the sign-in that this browser began');
    }
    try {
      // Asked anew, with the keys that the issuer signs with now.
      const configuration = await this.#discover();
      const tokens = await client.authorizationCodeGrant(configuration, address, {
        expectedState: derived(secret, 'state'),
        expectedNonce: derived(secret, 'nonce'),
        pkceCodeVerifier: derived(secret, 'verifier'),
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      const { iss, sub } = identitySchema.parse(claims);
      // Of many tenants under one roof each could call a group of its own by the name of ours.
      if (new URL(iss).href !== this.issuer) return refused('failed', `the issuer calls itself ${iss}`);
      const more = await moreClaims(configuration, tokens.access_token, sub);
      return { kind: 'person', subject: sub, ...this.#described(claimsSchema.parse({ ...more, ...claims })) };
    } catch (error) {
      const unavailable = unavailableWithin(error);
      if (unavailable) throw unavailable;
      const isDenied = error instanceof client.AuthorizationResponseError && error.error === 'access_denied';
      return refused(isDenied ? 'denied' : 'failed', reasonOf(error));
    }
  }

  /**
   * Where a browser goes to sign out at the issuer; undefined where that offers nothing of the kind.
   *
   * @throws UnavailableError when the issuer does not answer
   */
  async signOutUrl(): Promise<string | undefined> {
    const configuration = await away(this.#recentConfiguration());
    if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    const parameters = { post_logout_redirect_uri: `${this.publicUrl}/` };
    return client.buildEndSessionUrl(configuration, parameters).href;
  }

  #described({ groups, roles, ...claims }: z.output<typeof claimsSchema>): {
    readonly name: string;
    readonly groups: readonly string[];
  } {
    const named = new Set(this.#settings.roles.map(({ group }) => group));
    return {
      name: personName([claims.preferred_username, claims.email_verified === true ? claims.email : undefined]),
      groups: [...new Set([groups ?? [], roles ?? []].flat())].filter((group) => named.has(group)),
    };
  }

  #recentConfiguration(): Promise<client.Configuration> {
    if (this.#shared && Date.now() < this.#shared.untilMs) return this.#shared.configuration;
    const configuration = this.#discover();
    this.#shared = { configuration, untilMs: Date.now() + SHARED_MS };
    return configuration;
  }

  #discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.#settings;
    const isPlain = new URL(issuer).protocol === 'http:';
    return client.discovery(
      new URL(issuer),
      clientId,
      { [client.clockTolerance]: CLOCK_TOLERANCE_SECONDS },
      authentication(clientSecret),
      {
        [client.customFetch]: fetchFromIssuer,
        timeout: TIMEOUT_SECONDS,
        execute: [client.enableNonRepudiationChecks, ...(isPlain ? [client.allowInsecureRequests] : [])],
      },
    );
  }
}

const COOKIE = /^([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{1,4000})$/;

/** Where the browser that began wants to be: an address of our own page. */
export function wantedAddress(cookie: string | undefined): string {
  const [, , to] = COOKIE.exec(cookie ?? '') ?? [];
  return ownAddress(to === undefined ? undefined : Buffer.from(to, 'base64url').toString('utf8'));
}

/** Another secret for each purpose, which only who has the cookie can work out. */
function derived(secret: string, purpose: 'state' | 'nonce' | 'verifier'): string {
  return createHash('sha256').update(`${purpose} ${secret}`, 'utf8').digest('base64url');
}

function refused(why: 'denied' | 'expired' | 'failed', detail: string): Return {
  return { kind: 'refused', why, detail };
}

/** What an issuer may say of a person; of another form it counts as not said. */
const namesSchema = z
  .union([z.array(z.string()), z.string()])
  .optional()
  .catch(undefined);
const claimsSchema = z.object({
  preferred_username: z.string().optional().catch(undefined),
  email: z.string().optional().catch(undefined),
  email_verified: z.boolean().optional().catch(undefined),
  groups: namesSchema,
  roles: namesSchema,
});
const identitySchema = z.object({ iss: z.string(), sub: z.string().min(1).max(255) });

/** Many issuers say groups and names there, and not in the ID token. */
async function moreClaims(configuration: client.Configuration, accessToken: string, subject: string): Promise<object> {
  if (configuration.serverMetadata().userinfo_endpoint === undefined) return {};
  return await client.fetchUserInfo(configuration, accessToken, subject);
}

/** In the way that the issuer understands. */
function authentication(secret: string): client.ClientAuth {
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)];
  return (server, ...request) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    (methods.includes('client_secret_basic') ? basic : post)(server, ...request);
  };
}

const fetchFromIssuer: client.CustomFetch = async (url, { body = null, ...options }) => {
  const sent = body instanceof Uint8Array ? new Uint8Array(body) : body;
  const response = await fetch(url, { ...options, body: sent }).catch((error: unknown) => {
    throw new UnavailableError('issuer', `the issuer does not answer: ${reasonOf(error)}`, { cause: error });
  });
  if (response.status >= 500) throw new UnavailableError('issuer', `the issuer answers ${response.status}`);
  return response;
};

async function away<Result>(work: Promise<Result>): Promise<Result> {
  return await work.catch((error: unknown) => {
    // A wrong name in the settings, or a page that is no issuer: for whoever signs in there is no issuer either.
    throw unavailableWithin(error) ?? new UnavailableError('issuer', reasonOf(error), { cause: error });
  });
}

/** The library wraps what our own fetch threw. */
function unavailableWithin(error: unknown): UnavailableError | undefined {
  if (error instanceof UnavailableError) return error;
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && error.code === 'OAUTH_TIMEOUT')
    return new UnavailableError('issuer', 'the issuer takes too long', { cause: error });
  return unavailableWithin(error.cause);
}

/** An error with what the issuer said, or what caused it, for our log. */
function reasonOf(error: unknown): string {
  const isAnswer = error instanceof client.ResponseBodyError || error instanceof client.AuthorizationResponseError;
  if (isAnswer) return errorText(`the issuer says ${error.error}: ${error.error_description ?? 'no more'}`, 300);
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${errorText(error.cause, 300)}` : '';
  return errorText(error, 300) + cause;
}
