/** A real OpenID issuer (`oidc-provider`) at which a test's people sign in by typing their user name. */

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import Provider, { type AccountClaims, type Configuration } from 'oidc-provider';
import { freePort } from '../../src/local/index.ts';
import { createIssuerStorage } from './issuer-storage.ts';

export interface Issuer {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** By user name, what is said of people; who is not there cannot sign in. */
  readonly people: Map<string, Omit<AccountClaims, 'sub'>>;
  /** Whether what is said of people stands in the ID token too, once it begins again. */
  saysAllInIdToken: boolean;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Answers all calls with this status, as a proxy does before a server that is gone. */
  brokenWith: number | undefined;
  stop(): Promise<void>;
  /** Begins again at the same address, with another key, which people's sessions there do not survive. */
  start(): Promise<void>;
}

/** @param server the address of the AOL that may send people here */
export async function startIssuer(server: string, host = '127.0.0.1'): Promise<Issuer> {
  const port = await freePort();
  const [clientId, clientSecret] = ['aol', 'the-secret-of-this-client-0123456789'];
  let running: ReturnType<typeof createServer> | undefined;
  const issuer: Issuer = {
    url: `http://${host}:${port}`,
    clientId,
    clientSecret,
    people: new Map(),
    saysAllInIdToken: false,
    asked: [],
    brokenWith: undefined,
    async stop() {
      running?.closeAllConnections();
      await new Promise((resolve) => (running ? running.close(resolve) : resolve(undefined)));
      running = undefined;
    },
    async start() {
      const provider = createProvider(issuer, server);
      const serve = provider.callback();
      running = createServer((request, response) => {
        const path = new URL(request.url ?? '/', issuer.url).pathname;
        issuer.asked.push(path);
        if (issuer.brokenWith !== undefined) response.writeHead(issuer.brokenWith).end();
        else if (path.startsWith('/log-in/')) void logIn(provider, { issuer, request, response });
        else void serve(request, response);
      });
      await new Promise<void>((resolve) => running?.listen(port, host, resolve));
    },
  };
  await issuer.start();
  return issuer;
}

function createProvider(issuer: Issuer, server: string): Provider {
  const key = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({ format: 'jwk' });
  const configuration: Configuration = {
    adapter: createIssuerStorage(),
    clients: [
      {
        client_id: issuer.clientId,
        client_secret: issuer.clientSecret,
        redirect_uris: [`${server}/v1/session/oidc/callback`],
        post_logout_redirect_uris: [`${server}/`],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [{ ...key, kid: randomUUID(), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['a key of the issuer’s cookies'] },
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: { profile: ['preferred_username', 'nbf'], email: ['email', 'email_verified'], groups: ['groups', 'roles'] },
    conformIdTokenClaims: !issuer.saysAllInIdToken,
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        logoutSource(context, form) {
          const button =
            '<button type="submit" form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>';
          context.body = `<!doctype html><title>Issuer</title>${form}${button}`;
        },
      },
    },
    interactions: { url: (_context, { uid }) => `/log-in/${uid}` },
    ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    findAccount: (_context, accountId) => {
      const claims = issuer.people.get(accountId);
      return claims && { accountId, claims: () => ({ sub: accountId, ...claims }) };
    },
    // Nobody is asked whether AOL may know of them.
    async loadExistingGrant({ oidc }) {
      const { accountId } = oidc.session ?? {};
      if (oidc.client === undefined || accountId === undefined) return undefined;
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId });
      grant.addOIDCScope('openid profile email groups');
      await grant.save();
      return grant;
    },
  };
  return new Provider(issuer.url, configuration);
}

interface Visit {
  readonly issuer: Issuer;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A page with a field for the user name; `nobody` goes away without signing in. */
async function logIn(provider: Provider, { issuer, request, response }: Visit): Promise<void> {
  if (request.method === 'GET') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      '<!doctype html><title>Issuer</title><form method="post"><label>User name <input name="login" /></label><button>Go on</button></form>',
    );
    return;
  }
  let body = '';
  for await (const chunk of request) body += chunk;
  const accountId = new URLSearchParams(body).get('login') ?? '';
  const result = issuer.people.has(accountId) ? { login: { accountId } } : { error: 'access_denied' };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}
