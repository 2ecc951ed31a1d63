/** What an effect needs before its gate: what a person allowed, as it was stored; else rendered as in PROOF, and stored. */

import type { AdapterRegistry, RegisteredAdapter } from '../adapters/registry.ts';
import { type RenderedArtifact, readArtifact, renderArtifact } from '../adapters/render.ts';
import type { ArtifactStore } from '../artifacts/port.ts';
import type { ClaimedAction } from '../db/queue/claimed-action.ts';
import { AolError, ArtifactError, errorText, UnavailableError } from '../domain/errors.ts';
import { renderContext } from './perform.ts';

/** An effect that is stored, with an adapter that can perform it. */
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
  readonly store: Pick<ArtifactStore, 'put' | 'get'>;
}

/** Touches nothing outside. Never throws: whatever an adapter, a payload or the store does is this one action's outcome (promise 10). */
export async function prepareEffect(ports: PreparePorts, action: ClaimedAction): Promise<Preparation> {
  try {
    const adapter = ports.adapters.get(action.type);
    const missing = adapter.configured();
    if (!adapter.canPerform) return { kind: 'failed', reason: `REAL is refused: ${action.type} performs nothing yet` };
    if (!missing.real)
      return { kind: 'failed', reason: `REAL is refused: not configured: ${missing.missing.join(', ')}` };
    const allowed = await allowedArtifact(ports, adapter, action);
    if (allowed) return { kind: 'ready', adapter, ...allowed };
    const artifact = renderArtifact(adapter, action.payload, renderContext(action));
    const uri = await ports.store.put(action.id, artifact.sha256, artifact.bytes);
    return { kind: 'ready', adapter, artifact, uri };
  } catch (error) {
    if (error instanceof UnavailableError) return { kind: 'later', reason: errorText(error) };
    return {
      kind: 'failed',
      reason: `${error instanceof AolError ? error.code : 'AOL_INTERNAL'}: ${errorText(error)}`,
    };
  }
}

/**
 * What was approved or proven is performed as it was stored, whatever its adapter would render now (promise 6). Undefined where nobody
 * was asked, or the file is gone: then the gate compares.
 */
async function allowedArtifact(
  { store }: PreparePorts,
  adapter: RegisteredAdapter,
  { approvalSha256, artifactUri }: ClaimedAction,
): Promise<{ readonly artifact: RenderedArtifact; readonly uri: string } | undefined> {
  if (approvalSha256 === null || artifactUri === null) return undefined;
  try {
    const artifact = readArtifact(adapter, await store.get(artifactUri));
    return artifact.sha256 === approvalSha256 ? { artifact, uri: artifactUri } : undefined;
  } catch (error) {
    if (error instanceof ArtifactError) return undefined;
    throw error;
  }
}
