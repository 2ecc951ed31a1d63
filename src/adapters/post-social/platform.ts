/** What the four platforms share. */

import type { JsonValue } from '../../contracts/http/json.ts';
import type { PostSocial } from '../../contracts/payloads/post-social.ts';
import type { Redelivery } from '../../domain/outcomes.ts';
import { addedAtSending } from '../placeholder.ts';
import type { HttpRequest, RenderContext } from '../port.ts';

/** A request, and which of its fields only sending can fill in. */
export interface RenderedRequest {
  readonly request: HttpRequest;
  readonly addedAtSending: readonly string[];
}

export interface SocialPlatformRenderer {
  readonly name: string;
  readonly redelivery: Redelivery;
  /** The variables that REAL needs. */
  readonly variables: readonly string[];
  render(post: PostSocial, context: RenderContext): RenderedRequest;
}

/** A JSON request by POST whose authorisation is added at sending. */
export function jsonPost(
  url: string,
  body: JsonValue,
  more: { readonly headers?: Readonly<Record<string, string>>; readonly addedAtSending?: readonly string[] } = {},
): RenderedRequest {
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
