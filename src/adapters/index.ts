/** The adapters that come with AOL. Importing this starts nothing and reads no environment. */

import { ConfigurationError } from '../domain/errors.ts';
import { parseWebhookAllow } from '../domain/webhook-settings.ts';
import { type CallWebhookSettings, createCallWebhookAdapter } from './call-webhook/index.ts';
import { generateTextAdapter } from './generate-text/index.ts';
import { postChatAdapter } from './post-chat/index.ts';
import { postSocialAdapter } from './post-social/index.ts';
import { type RegisteredAdapter, registerAdapter } from './registry.ts';
import { sendEmailAdapter } from './send-email/index.ts';

export interface WebhookSettings extends Pick<CallWebhookSettings, 'signingSecrets'> {
  /** Hosts and ports inside private ranges that effects of nobody's account may reach: `127.0.0.1:9000,internal.example:443`. */
  readonly allow?: string;
}

/** What the built-in adapters need to know. Absent settings are the safe ones. */
export interface BuiltInAdapterSettings {
  readonly webhook?: WebhookSettings;
}

/** @throws ConfigurationError when it is malformed */
export function allowedHosts({ allow = '' }: WebhookSettings = {}): readonly string[] {
  const hosts = parseWebhookAllow(allow);
  if (hosts) return hosts;
  throw new ConfigurationError('AOL_WEBHOOK_ALLOW', 'must be host:port, more of them separated by commas');
}

/** @throws ConfigurationError when a setting is malformed */
export function createBuiltInAdapters(settings: BuiltInAdapterSettings = {}): readonly RegisteredAdapter[] {
  allowedHosts(settings.webhook);
  return [
    registerAdapter(postSocialAdapter),
    registerAdapter(createCallWebhookAdapter(settings.webhook)),
    registerAdapter(sendEmailAdapter),
    registerAdapter(postChatAdapter),
    registerAdapter(generateTextAdapter),
  ];
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
