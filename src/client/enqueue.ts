/** What the client queues: the payload has the type that its action type says. */

import type { EnqueueInput } from '../contracts/http/action.ts';
import type { JsonObject } from '../contracts/http/json.ts';
import type { CallWebhook } from '../contracts/payloads/call-webhook.ts';
import type { GenerateText } from '../contracts/payloads/generate-text.ts';
import type { PostChat } from '../contracts/payloads/post-chat.ts';
import type { PostSocial } from '../contracts/payloads/post-social.ts';

/** The payloads of the built-in action types. */
export interface ActionPayloads {
  readonly POST_SOCIAL: PostSocial;
  readonly CALL_WEBHOOK: CallWebhook;
  readonly POST_CHAT: PostChat;
  readonly GENERATE_TEXT: GenerateText;
}

/** A type that is not built in, or not known at compile time, takes any JSON object: the server checks it. */
export type PayloadOf<Type extends string> = Type extends keyof ActionPayloads ? ActionPayloads[Type] : JsonObject;

/** An action to be queued. */
export type NewAction<Type extends string = string> = Omit<EnqueueInput, 'type' | 'payload'> & {
  readonly type: Type;
  readonly payload: PayloadOf<Type>;
};

export interface NewBatch<Types extends readonly string[] = readonly string[]> {
  readonly actions: { readonly [Index in keyof Types]: NewAction<Types[Index]> };
}

/** A random key works wherever there is `crypto`; randomUUID is missing in pages that came over plain HTTP. */
export function withKey<Type extends string>(action: NewAction<Type>): NewAction<Type> {
  if (action.idempotencyKey !== undefined) return action;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return { ...action, idempotencyKey: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') };
}
