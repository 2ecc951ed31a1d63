/** Accounts of Mastodon: an instance and a token that lives until it is revoked. */

import { z } from 'zod';
import { answered, isSuccess, objectOf, textIn } from '../../http-answers.ts';
import { type AccountContext, defineProvider, secretReferenceSchema } from '../../provider.ts';
import { jsonGet } from '../platform.ts';
import { instanceFacts } from './facts.ts';

const settingsSchema = z.strictObject({
  url: z.url(),
  handle: z.string().min(1).max(200).optional(),
  accessToken: secretReferenceSchema,
});
type Settings = z.output<typeof settingsSchema>;

export const mastodonProvider = defineProvider<Settings>({
  name: 'mastodon',
  title: 'Mastodon',
  settings: settingsSchema,
  identify: ({ url, handle }) => ({ identity: handle ?? new URL(url).host, server: url }),
  variables: {
    url: { name: 'MASTODON_URL', required: true },
    accessToken: { name: 'MASTODON_ACCESS_TOKEN', required: true, secret: true },
  },
  placeholder: { identity: 'not configured', server: 'https://not-configured.invalid' },
  async check(context) {
    const { settings, credential } = context;
    const answer = await get(context, '/api/v1/accounts/verify_credentials', `Bearer ${credential.accessToken ?? ''}`);
    if (answer.kind !== 'answer') return { kind: 'unreachable', reason: answer.reason };
    const body = objectOf(answer);
    const reason = answered('Mastodon', answer, textIn(body, 'error'));
    if (answer.status === 401) return { kind: 'needs_login', reason };
    if (answer.status === 403) return { kind: 'on_hold', reason };
    const [id, name] = [textIn(body, 'id'), textIn(body, 'acct')];
    if (!isSuccess(answer) || id === undefined || name === undefined) return { kind: 'unreachable', reason };
    const instance = await get(context, '/api/v2/instance');
    const nodeInfo = await get(context, '/nodeinfo/2.0');
    const limits = instanceFacts(
      instance.kind === 'answer' && isSuccess(instance) ? objectOf(instance) : undefined,
      nodeInfo.kind === 'answer' && isSuccess(nodeInfo) ? objectOf(nodeInfo) : undefined,
    );
    const identity = name.includes('@') ? `@${name}` : `@${name}@${new URL(settings.url).host}`;
    return { kind: 'ready', identity, facts: { accountId: id, ...limits } };
  },
});

function get({ settings, exchange, signal }: AccountContext<Settings>, path: string, authorization?: string) {
  const { headers, ...request } = jsonGet(new URL(path, settings.url).href, authorization);
  const { authorization: token, ...others } = headers;
  return exchange.send(
    { ...request, headers: authorization === undefined || token === undefined ? others : headers },
    { signal, wholeBody: true },
  );
}
