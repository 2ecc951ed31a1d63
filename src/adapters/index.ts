/** The adapters that come with AOL. Importing this starts nothing and reads no environment. */

import { type CallWebhookSettings, createCallWebhookAdapter } from './call-webhook/index.ts';
import { postSocialAdapter } from './post-social/index.ts';
import { type RegisteredAdapter, registerAdapter } from './registry.ts';

export type WebhookSettings = Pick<CallWebhookSettings, 'allow' | 'signingSecrets'>;

/** What the built-in adapters need to know. Absent settings are the safe ones. */
export interface BuiltInAdapterSettings {
  readonly webhook?: WebhookSettings;
}

/** @throws ConfigurationError when a setting is malformed */
export function createBuiltInAdapters(settings: BuiltInAdapterSettings = {}): readonly RegisteredAdapter[] {
  return [registerAdapter(postSocialAdapter), registerAdapter(createCallWebhookAdapter(settings.webhook))];
}

export { RenderError } from './errors.ts';
export {
  type Adapter,
  defineAdapter,
  type Effect,
  type HttpRequest,
  type PerformContext,
  type RenderContext,
} from './port.ts';
export {
  type AdapterRegistry,
  type AnyAdapter,
  createRegistry,
  type RegisteredAdapter,
  registerAdapter,
} from './registry.ts';
export { MAX_EFFECT_BYTES, type RenderedArtifact, renderArtifact } from './render.ts';
