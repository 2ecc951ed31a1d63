/** Accounts of X. */

import { z } from 'zod';
import { isObject } from '../../contracts/http/json.ts';
import { answered, objectOf, textIn } from '../http-answers.ts';
import type { HttpRequest } from '../port.ts';
import { defineProvider, secretReferenceSchema } from '../provider.ts';
import { authorized, loggedIn, refreshRequest } from './x-oauth.ts';

const SERVER = 'https://api.x.com';

const settingsSchema = z
  .strictObject({
    server: z.url().default(SERVER),
    /** The handle, without @: it shows who will speak. */
    username: z
      .string()
      .regex(/^[A-Za-z0-9_]{1,15}$/u, { message: 'must be a handle, without @' })
      .optional(),
    apiKey: secretReferenceSchema.optional(),
    apiSecret: secretReferenceSchema.optional(),
    accessToken: secretReferenceSchema.optional(),
    accessSecret: secretReferenceSchema.optional(),
    clientId: z.string().min(1).optional(),
    /** Of a confidential client. */
    clientSecret: secretReferenceSchema.optional(),
    /** The first one; X gives a new one with each log-in, which is kept. */
    refreshToken: secretReferenceSchema.optional(),
  })
  .refine((settings) => signs(settings) || (settings.clientId !== undefined && settings.refreshToken !== undefined), {
    message: 'must have apiKey, apiSecret, accessToken and accessSecret, or clientId and refreshToken',
  });
type Settings = z.output<typeof settingsSchema>;

type Signing = Readonly<Partial<Record<'apiKey' | 'apiSecret' | 'accessToken' | 'accessSecret', unknown>>>;

/** Whether it has the four values of OAuth 1.0a, which do not expire. */
function signs({ apiKey, apiSecret, accessToken, accessSecret }: Signing): boolean {
  return [apiKey, apiSecret, accessToken, accessSecret].every((each) => each !== undefined);
}

export const xProvider = defineProvider<Settings>({
  name: 'x',
  title: 'X',
  settings: settingsSchema,
  identify: ({ username, server }) => ({ identity: username === undefined ? 'not named' : `@${username}`, server }),
  variables: {
    apiKey: { name: 'X_API_KEY', secret: true },
    apiSecret: { name: 'X_API_SECRET', secret: true },
    accessToken: { name: 'X_ACCESS_TOKEN', secret: true },
    accessSecret: { name: 'X_ACCESS_SECRET', secret: true },
    clientId: { name: 'X_CLIENT_ID' },
    clientSecret: { name: 'X_CLIENT_SECRET', secret: true },
    refreshToken: { name: 'X_REFRESH_TOKEN', secret: true },
  },
  placeholder: { identity: 'not configured', server: SERVER },
  logsIn: (settings) => !signs(settings),
  async logIn({ settings, secrets, last, exchange, signal }) {
    if (signs(settings)) return { kind: 'logged_in', credential: secrets };
    const refreshToken = last?.refreshToken ?? secrets.refreshToken ?? '';
    const request = refreshRequest(settings.server, settings.clientId ?? '', secrets.clientSecret, refreshToken);
    return loggedIn(await exchange.send(request, { signal, wholeBody: true }));
  },
  async check({ settings, credential, exchange, signal }) {
    const request = authorized(get(new URL('/2/users/me', settings.server).href), credential);
    if (!request) return { kind: 'needs_login', reason: 'the account has no token' };
    const answer = await exchange.send(request, { signal, wholeBody: true });
    if (answer.kind !== 'answer') return { kind: 'unreachable', reason: answer.reason };
    const body = objectOf(answer);
    const data = isObject(body?.data) ? body.data : undefined;
    const [id, username] = [textIn(data, 'id'), textIn(data, 'username')];
    const reason = answered('X', answer, textIn(body, 'detail'));
    if (answer.status === 401) return { kind: 'needs_login', reason };
    if (id === undefined || username === undefined) return { kind: 'unreachable', reason };
    if (settings.username !== undefined && settings.username.toLowerCase() !== username.toLowerCase()) {
      return { kind: 'on_hold', reason: `the token is of @${username}` };
    }
    return { kind: 'ready', identity: `@${username}`, facts: { id, username } };
  },
});

export function get(url: string): HttpRequest {
  return { protocol: 'http', method: 'GET', url, headers: { accept: 'application/json' }, body: { kind: 'none' } };
}
