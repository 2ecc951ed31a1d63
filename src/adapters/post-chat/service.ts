/** What the chats share. */

import { isObject, type JsonValue } from '../../contracts/http/json.ts';
import type { PostChat } from '../../contracts/payloads/post-chat.ts';
import { InvalidRequestError } from '../../domain/errors.ts';
import type { Redelivery } from '../../domain/outcomes.ts';
import { settingOf } from '../account-settings.ts';
import { addedAtSending } from '../placeholder.ts';
import type { Adapter, Effect, HttpRequest, PerformContext, RenderAccount, RenderContext } from '../port.ts';
import type { Credential, Provider } from '../provider.ts';

export interface RenderedMessage {
  readonly request: HttpRequest;
  readonly addedAtSending: readonly string[];
}

export type ChatContext = RenderContext & { readonly account: RenderAccount };

/** One chat: its accounts, and how a message becomes its request. */
export interface ChatServiceAdapter extends Required<Pick<Adapter, 'perform' | 'reconcile'>> {
  readonly name: string;
  readonly provider: Provider;
  /** Without an account it is what a message of the service is in general. */
  redelivery(account?: RenderAccount): Redelivery;
  render(message: PostChat, context: ChatContext): RenderedMessage;
}

/** Stands for the secret part of a webhook's address. */
export const WEBHOOK_SECRET = addedAtSending('the secret path of the webhook');

/** Whether an account speaks through an incoming webhook, whose address is its secret, and not as a bot. */
export function isWebhook({ settings }: Pick<RenderAccount, 'settings'>): boolean {
  return isObject(settings) && settings.webhookUrl !== undefined;
}

/**
 * A webhook posts to its own channel, whatever a payload says.
 *
 * @throws InvalidRequestError when the payload names another
 */
export function checkWebhookChannel({ channel }: PostChat, account: RenderAccount): void {
  const own = settingOf(account, 'channel');
  if (own === channel) return;
  throw new InvalidRequestError(`the webhook of the account ${account.name} posts to ${own}, and to no other channel`);
}

export function isWebhookEffect({ request }: Effect): boolean {
  return request.protocol === 'http' && request.url.includes(WEBHOOK_SECRET);
}

export function jsonPost(url: string, headers: Readonly<Record<string, string>>, value: JsonValue): HttpRequest {
  return { protocol: 'http', method: 'POST', url, headers, body: { kind: 'json', value } };
}

export type Sendable =
  | { readonly kind: 'ready'; readonly request: HttpRequest; readonly account: NonNullable<PerformContext['account']> }
  | { readonly kind: 'rejected'; readonly reason: string };

/**
 * The stored request with what only sending knows.
 *
 * @param authorize puts the credential into it; undefined when that does not fit
 */
export async function sendable(
  effect: Effect,
  { account }: PerformContext,
  authorize: (request: HttpRequest, credential: Credential) => HttpRequest | undefined,
): Promise<Sendable> {
  if (effect.request.protocol !== 'http' || !account) {
    return { kind: 'rejected', reason: 'the artifact names no account that this adapter posts for' };
  }
  const request = authorize(effect.request, await account.credential());
  if (request) return { kind: 'ready', request, account };
  return { kind: 'rejected', reason: `the secret of the account ${account.name} is not of the kind that was approved` };
}

export function withAuthorization(request: HttpRequest, value: string | undefined): HttpRequest | undefined {
  if (value === undefined) return undefined;
  return { ...request, headers: { ...request.headers, authorization: value } };
}

/**
 * The address of a webhook in its place, when it is one of the server that was approved.
 *
 * @param secretPath finds what the placeholder stands for in the secret address's path
 */
export function withWebhook(
  request: HttpRequest,
  webhookUrl: string | undefined,
  secretPath: RegExp,
): HttpRequest | undefined {
  if (webhookUrl === undefined || !URL.canParse(webhookUrl)) return undefined;
  const { origin, pathname } = new URL(webhookUrl);
  const secret = secretPath.exec(pathname)?.[1];
  if (secret === undefined || !request.url.startsWith(`${origin}/`)) return undefined;
  return { ...request, url: request.url.replace(WEBHOOK_SECRET, secret) };
}
