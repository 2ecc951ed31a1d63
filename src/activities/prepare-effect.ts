/** What an effect needs before its gate: rendered as in PROOF, and stored. It touches nothing outside. */

import type { AdapterRegistry, RegisteredAdapter } from '../adapters/registry.ts';
import { type RenderedArtifact, renderArtifact } from '../adapters/render.ts';
import type { EffectRow } from '../db/queue/attempts.ts';
import { AolError, errorText, UnavailableError } from '../domain/errors.ts';
import { renderContext } from './perform.ts';
import type { EffectArtifact } from './store-together.ts';

/** An effect that is rendered and stored, by an adapter that can perform it. */
export interface PreparedEffect {
  readonly adapter: RegisteredAdapter;
  readonly artifact: RenderedArtifact;
  readonly uri: string;
}

export type Preparation =
  | ({ readonly kind: 'ready' } & PreparedEffect)
  /** Storage is away: back to the queue for a moment, nothing was tried. */
  | { readonly kind: 'later'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export interface PreparePorts {
  readonly adapters: AdapterRegistry;
  /** Stores an effect durably and answers its URI. */
  readonly store: (artifact: EffectArtifact) => Promise<string>;
}

/** Never throws: whatever an adapter, a payload or the store does is this one action's outcome (promise 10). */
export async function prepareEffect(ports: PreparePorts, tickId: string, row: EffectRow): Promise<Preparation> {
  try {
    const adapter = ports.adapters.get(row.type);
    const missing = adapter.configured();
    if (!adapter.canPerform) return { kind: 'failed', reason: `REAL is refused: ${row.type} performs nothing yet` };
    if (!missing.real)
      return { kind: 'failed', reason: `REAL is refused: not configured: ${missing.missing.join(', ')}` };
    const artifact = renderArtifact(adapter, row.payload, renderContext(row));
    const { sha256, bytes } = artifact;
    const uri = await ports.store({ tickId, actionId: row.id, sha256, bytes });
    return { kind: 'ready', adapter, artifact, uri };
  } catch (error) {
    if (error instanceof UnavailableError) return { kind: 'later', reason: errorText(error) };
    return {
      kind: 'failed',
      reason: `${error instanceof AolError ? error.code : 'AOL_INTERNAL'}: ${errorText(error)}`,
    };
  }
}
