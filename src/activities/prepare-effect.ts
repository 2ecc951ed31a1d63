/** What an effect needs before its gate: what a person allowed, as it was stored; else rendered as in PROOF, and stored. */

import { accountKey } from '../accounts/entries.ts';
import type { SendingAccount } from '../accounts/port.ts';
import type { AdapterRegistry, RegisteredAdapter } from '../adapters/registry.ts';
import { type RenderedArtifact, readArtifact, renderArtifact } from '../adapters/render.ts';
import type { ArtifactStore } from '../artifacts/port.ts';
import type { ClaimedAction } from '../db/queue/claimed-action.ts';
import type { Draw } from '../domain/budgets.ts';
import { AolError, ArtifactError, errorText, UnavailableError } from '../domain/errors.ts';
import { drawsOf } from './budget.ts';
import { type ContextPorts, renderContext } from './contexts.ts';

/** An effect that is stored, with an adapter that can perform it. */
export interface PreparedEffect {
  readonly adapter: RegisteredAdapter;
  readonly artifact: RenderedArtifact;
  readonly uri: string;
  /** Whose account speaks; null where nobody's does. */
  readonly account: SendingAccount | null;
  /** What it takes of which budgets. */
  readonly draws: readonly Draw[];
}

export type Preparation =
  | ({ readonly kind: 'ready' } & PreparedEffect)
  /** Storage is away: back to the queue for a moment, nothing was tried. */
  | { readonly kind: 'later'; readonly reason: string }
  /** Its account can do nothing until then (epoch milliseconds). */
  | { readonly kind: 'on_hold'; readonly heldBy: string; readonly reason: string; readonly untilMs?: number }
  | { readonly kind: 'failed'; readonly reason: string };

export interface PreparePorts extends ContextPorts {
  readonly adapters: AdapterRegistry;
  readonly store: Pick<ArtifactStore, 'put' | 'get'>;
}

/** Touches nothing outside. Never throws: whatever an adapter, a payload or the store does is this one action's outcome (promise 10). */
export async function prepareEffect(ports: PreparePorts, action: ClaimedAction): Promise<Preparation> {
  try {
    const adapter = ports.adapters.get(action.type);
    const missing = adapter.configured();
    if (!adapter.canPerform) return { kind: 'failed', reason: `REAL is refused: ${action.type} cannot be sent yet` };
    if (!missing.real)
      return { kind: 'failed', reason: `REAL is refused: not configured: ${missing.missing.join(', ')}` };
    const { artifact, uri } =
      (await allowedArtifact(ports, adapter, action)) ?? (await rendered(ports, adapter, action));
    const ready = (account: SendingAccount | null): Preparation => {
      const draws = drawsOf(artifact.effect, adapter.price(artifact.effect, account));
      return { kind: 'ready', adapter, artifact, uri, account, draws };
    };
    if (artifact.effect.account === null) return ready(null);
    const opened = await ports.accounts.forSending(artifact.effect.account);
    if (opened.kind === 'rejected') return { kind: 'failed', reason: opened.reason };
    if (opened.kind === 'on_hold') return { ...opened, heldBy: accountKey(artifact.effect.account) };
    return ready(opened.account);
  } catch (error) {
    if (error instanceof UnavailableError) return { kind: 'later', reason: errorText(error) };
    return {
      kind: 'failed',
      reason: `${error instanceof AolError ? error.code : 'AOL_INTERNAL'}: ${errorText(error)}`,
    };
  }
}

type Stored = Pick<PreparedEffect, 'artifact' | 'uri'>;

async function rendered(ports: PreparePorts, adapter: RegisteredAdapter, action: ClaimedAction): Promise<Stored> {
  const artifact = await renderArtifact(adapter, action.payload, renderContext(ports, adapter, action));
  return { artifact, uri: await ports.store.put(action.id, artifact.sha256, artifact.bytes) };
}

/**
 * What was approved or proven is performed as it was stored, whatever its adapter would render now (promise 6). Undefined where nobody
 * was asked, or the file is gone: then the gate compares.
 */
async function allowedArtifact(
  { store }: PreparePorts,
  adapter: RegisteredAdapter,
  { approvalSha256, artifactUri }: ClaimedAction,
): Promise<Stored | undefined> {
  if (approvalSha256 === null || artifactUri === null) return undefined;
  try {
    const artifact = readArtifact(adapter, await store.get(artifactUri));
    return artifact.sha256 === approvalSha256 ? { artifact, uri: artifactUri } : undefined;
  } catch (error) {
    if (error instanceof ArtifactError) return undefined;
    throw error;
  }
}
