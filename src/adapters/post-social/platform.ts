/** What the four platforms share. */

import type { JsonValue } from '../../contracts/http/json.ts';
import type { PostSocial } from '../../contracts/payloads/post-social.ts';
import type { Redelivery } from '../../domain/outcomes.ts';
import { addedAtSending } from '../placeholder.ts';
import type { Adapter, EffectBlob, HttpRequest, RenderAccount, RenderContext, Step } from '../port.ts';
import type { Provider } from '../provider.ts';

/** A request, what has to be done before it, and which of its fields only sending can fill in. */
export interface RenderedPost {
  readonly preparations?: readonly Step[];
  readonly request: HttpRequest;
  readonly blobs?: readonly EffectBlob[];
  readonly addedAtSending: readonly string[];
}

export type PostContext = RenderContext & { readonly account: RenderAccount };

/** One platform: its accounts, and how a post becomes its request. Absent `perform`: it renders proofs only. */
export interface SocialPlatformAdapter extends Pick<Adapter, 'prepare' | 'perform' | 'reconcile'> {
  readonly name: string;
  readonly provider: Provider;
  /** Without an account it is what a post of the platform is in general. */
  redelivery(account?: RenderAccount): Redelivery;
  render(post: PostSocial, context: PostContext): RenderedPost | Promise<RenderedPost>;
}

/** A JSON request by POST whose authorisation is added at sending. */
export function jsonPost(
  url: string,
  body: JsonValue,
  more: { readonly headers?: Readonly<Record<string, string>>; readonly addedAtSending?: readonly string[] } = {},
): RenderedPost {
  const headers = {
    accept: 'application/json',
    authorization: addedAtSending('authorization'),
    'content-type': 'application/json',
    ...more.headers,
  };
  return {
    request: { protocol: 'http', method: 'POST', url, headers, body: { kind: 'json', value: body } },
    addedAtSending: ['headers.authorization', ...(more.addedAtSending ?? [])],
  };
}
