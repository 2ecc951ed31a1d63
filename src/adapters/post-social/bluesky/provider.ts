/** Accounts of Bluesky: app passwords, and sessions that are renewed instead of made anew. */

import { z } from 'zod';
import { isObject, type JsonObject, type JsonValue } from '../../../contracts/http/json.ts';
import type { Answer } from '../../exchange/index.ts';
import { answered, isSuccess, objectOf, textIn, waitMsOf } from '../../http-answers.ts';
import type { HttpRequest } from '../../port.ts';
import {
  type AccountCheck,
  type AccountContext,
  type Credential,
  defineProvider,
  type LogInAnswer,
  secretReferenceSchema,
} from '../../provider.ts';
import { jsonGet } from '../platform.ts';
import { limitsIn, refusesToken } from './answers.ts';

const settingsSchema = z.strictObject({
  /** The account's own server; `https://bsky.social` passes on what is for its accounts. */
  service: z.url().default('https://bsky.social'),
  /** It stands in every effect as the one who speaks. */
  identifier: z.string().regex(/^(?:did:[a-z]+:[a-zA-Z0-9._:%-]+|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+)$/u, {
    message: 'must be a handle (brand.example) or a DID, without @; no e-mail address',
  }),
  appPassword: secretReferenceSchema,
});
type Settings = z.output<typeof settingsSchema>;

/** What an app password looks like. The account's own password opens everything, and is never sent. */
const APP_PASSWORD = /^[a-z0-9]{4}(?:-[a-z0-9]{4}){3}$/u;
const NO_APP_PASSWORD =
  'this is no app password (xxxx-xxxx-xxxx-xxxx): make one in the settings of Bluesky; the main password is refused here';

export const blueskyProvider = defineProvider<Settings>({
  name: 'bluesky',
  title: 'Bluesky',
  settings: settingsSchema,
  identify: ({ identifier, service }) => ({ identity: identifier, server: service }),
  variables: {
    service: { name: 'BLUESKY_SERVICE' },
    identifier: { name: 'BLUESKY_IDENTIFIER', required: true },
    appPassword: { name: 'BLUESKY_APP_PASSWORD', required: true, secret: true },
  },
  placeholder: { identity: 'not-configured.invalid', server: 'https://bsky.social' },
  async logIn(context) {
    const { settings, secrets, last } = context;
    const password = secrets.appPassword ?? '';
    if (!APP_PASSWORD.test(password)) return { kind: 'needs_login', reason: NO_APP_PASSWORD };
    if (last?.refreshJwt) {
      const answer = await ask(context, refreshRequest(settings, last.refreshJwt));
      // Only a refresh token that is not taken any more is worth a new session: those are few in a day.
      if (answer.kind !== 'answer' || !refusesToken(answer)) return sessionOf(answer);
    }
    return sessionOf(await ask(context, createRequest(settings, password)));
  },
  async check(context) {
    const url = methodUrl(context.settings, 'com.atproto.server.getSession');
    const answer = await ask(context, jsonGet(url, `Bearer ${context.credential.accessJwt ?? ''}`));
    if (answer.kind !== 'answer') return { kind: 'unreachable', reason: answer.reason };
    return checked(answer);
  },
});

function methodUrl({ service }: Settings, method: string): string {
  return new URL(`/xrpc/${method}`, service).href;
}

function createRequest(settings: Settings, password: string): HttpRequest {
  return {
    protocol: 'http',
    method: 'POST',
    url: methodUrl(settings, 'com.atproto.server.createSession'),
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: { kind: 'json', value: { identifier: settings.identifier, password } },
  };
}

/** Its body is empty. */
function refreshRequest(settings: Settings, refreshJwt: string): HttpRequest {
  return {
    protocol: 'http',
    method: 'POST',
    url: methodUrl(settings, 'com.atproto.server.refreshSession'),
    headers: { accept: 'application/json', authorization: `Bearer ${refreshJwt}`, 'content-length': '0' },
    body: { kind: 'none' },
  };
}

type Asked = Answer | { readonly kind: 'failed'; readonly reason: string };

async function ask({ exchange, signal }: AccountContext<Settings>, request: HttpRequest): Promise<Asked> {
  const answer = await exchange.send(request, { signal, wholeBody: true });
  return answer.kind === 'answer' ? answer : { kind: 'failed', reason: answer.reason };
}

function sessionOf(answer: Asked): LogInAnswer {
  if (answer.kind !== 'answer') return answer;
  const body = objectOf(answer);
  const error = textIn(body, 'error');
  const reason = answered('Bluesky', answer, [error, textIn(body, 'message')].filter(Boolean).join(': '));
  if (!isSuccess(answer)) {
    const isRefused = refusesToken(answer) || error === 'AuthFactorTokenRequired' || isClosed(error);
    if (isRefused) return { kind: 'needs_login', reason };
    const waitMs = waitMsOf(answer, limitsIn(answer), Date.now());
    return { kind: 'failed', reason, ...(waitMs !== undefined && { retryAfterMs: waitMs }) };
  }
  const [accessJwt, refreshJwt] = [textIn(body, 'accessJwt'), textIn(body, 'refreshJwt')];
  if (accessJwt === undefined || refreshJwt === undefined) {
    return { kind: 'failed', reason: 'the answer to a log-in holds no session' };
  }
  const credential: Credential = { accessJwt, refreshJwt };
  const expiresAt = expiryOf(accessJwt);
  return { kind: 'logged_in', credential, ...(expiresAt && { expiresAt }) };
}

function isClosed(error: string | undefined): boolean {
  return error === 'AccountTakedown' || error === 'AccountDeactivated' || error === 'AccountSuspended';
}

/** `exp` of a JWT, which nobody but its server checks. */
function expiryOf(token: string): Date | undefined {
  try {
    const payload: JsonValue = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const seconds = isObject(payload) ? payload.exp : undefined;
    return typeof seconds === 'number' ? new Date(seconds * 1_000) : undefined;
  } catch {
    return undefined;
  }
}

function checked(answer: Answer): AccountCheck {
  const body = objectOf(answer);
  const error = textIn(body, 'error');
  const reason = answered('Bluesky', answer, error);
  if (!isSuccess(answer)) {
    if (refusesToken(answer)) return { kind: 'needs_login', reason };
    return { kind: isClosed(error) || answer.status === 403 ? 'on_hold' : 'unreachable', reason };
  }
  const [did, handle] = [textIn(body, 'did'), textIn(body, 'handle')];
  if (did === undefined || handle === undefined) return { kind: 'unreachable', reason: 'the answer names no account' };
  if (body?.active === false) {
    return { kind: 'on_hold', reason: `the account is not active: ${textIn(body, 'status') ?? 'no reason was given'}` };
  }
  const pds = pdsOf(body);
  return { kind: 'ready', identity: handle, facts: { did, handle, ...(pds !== undefined && { pds }) } };
}

/** The account's own server, as its DID's document names it. */
function pdsOf(body: JsonObject | undefined): string | undefined {
  const services = isObject(body?.didDoc) ? body.didDoc.service : undefined;
  if (!Array.isArray(services)) return undefined;
  const pds: unknown = services.find(
    (service: unknown) => isObject(service) && service.type === 'AtprotoPersonalDataServer',
  );
  return isObject(pds) && typeof pds.serviceEndpoint === 'string' ? pds.serviceEndpoint : undefined;
}
