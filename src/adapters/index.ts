/** The adapters that come with AOL. Importing this starts nothing and reads no environment. */

import { postSocialAdapter } from './post-social/index.ts';
import { type RegisteredAdapter, registerAdapter } from './registry.ts';

export const builtInAdapters: readonly RegisteredAdapter[] = [registerAdapter(postSocialAdapter)];

export { RenderError } from './errors.ts';
export {
  type Adapter,
  defineAdapter,
  type Effect,
  type HttpRequest,
  type PerformContext,
  type RedeliveryClass,
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
