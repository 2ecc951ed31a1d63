/** One proof: render, store, say how it ended. */

import type { AdapterRegistry } from '../adapters/registry.ts';
import { renderArtifact } from '../adapters/render.ts';
import type { ArtifactStore } from '../artifacts/port.ts';
import type { ClaimedAction } from '../db/queue/claimed-action.ts';
import type { AttemptResult } from '../db/queue/close.ts';
import { AolError, errorText, UnavailableError } from '../domain/errors.ts';
import { type AttemptOutcome, judge, type Redelivery } from '../domain/outcomes.ts';
import { type ContextPorts, renderContext } from './contexts.ts';

export interface ProofPorts extends ContextPorts {
  readonly adapters: AdapterRegistry;
  readonly artifacts: Pick<ArtifactStore, 'put'>;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** Never throws: whatever an adapter, a payload or the store does is this one action's outcome (promise 10). */
export async function proveAction(ports: ProofPorts, action: ClaimedAction): Promise<AttemptResult> {
  const startedAtMs = performance.now();
  const elapsedMs = () => Math.round((performance.now() - startedAtMs) * 1_000) / 1_000;
  try {
    const adapter = ports.adapters.get(action.type);
    const artifact = await renderArtifact(adapter, action.payload, renderContext(ports, adapter, action));
    const artifactUri = await ports.artifacts.put(action.id, artifact.sha256, artifact.bytes);
    return {
      to: 'SUCCESS',
      id: action.id,
      artifactSha256: artifact.sha256,
      artifactUri,
      message: `proved: ${artifact.effect.summary}`,
      durationMs: elapsedMs(),
    };
  } catch (error) {
    return failure(ports, action, outcomeOf(error), elapsedMs());
  }
}

/** Storage that is away passes; what an adapter refuses or a bug throws does not get better by repeating. */
function outcomeOf(error: unknown): Extract<AttemptOutcome, { kind: 'not_sent' | 'rejected' }> {
  if (error instanceof UnavailableError) return { kind: 'not_sent', reason: errorText(error) };
  const code = error instanceof AolError ? error.code : 'AOL_INTERNAL';
  return { kind: 'rejected', reason: `${code}: ${errorText(error)}` };
}

/** A proof sends nothing, so nothing can be sent twice. */
const NEVER_SENT: Redelivery = { kind: 'neither' };

function failure(
  ports: ProofPorts,
  action: ClaimedAction,
  outcome: Extract<AttemptOutcome, { kind: 'not_sent' | 'rejected' }>,
  durationMs: number,
): AttemptResult {
  const attempt = { number: action.attempt, maxAttempts: action.maxAttempts, redelivery: NEVER_SENT };
  const verdict = judge(outcome, attempt, ports.random());
  const common = { id: action.id, message: outcome.reason, durationMs };
  if (verdict.to === 'RETRY') return { to: 'RETRY', delayMs: verdict.delayMs, ...common };
  return { to: 'DLQ', reason: verdict.to === 'DLQ' ? verdict.reason : 'rejected', ...common };
}
