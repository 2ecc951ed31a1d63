/** Effects that are rendered at the same time are stored as one pack: one file, made durable once. */

import type { ArtifactStore, NewArtifact } from '../artifacts/port.ts';
import { gather } from '../db/batcher.ts';

export interface EffectArtifact extends NewArtifact {
  readonly tickId: string;
}

const MOST_AT_ONCE = 50;

/** Answers a function that stores an effect durably and answers its URI; one that comes alone is a file of its own. */
export function createEffectStore(
  artifacts: Pick<ArtifactStore, 'put' | 'putAll'>,
): (artifact: EffectArtifact) => Promise<string> {
  const together = async (items: readonly EffectArtifact[]) => {
    const [first] = items;
    if (!first) return [];
    if (items.length === 1) return [await artifacts.put(first.actionId, first.sha256, first.bytes)];
    return artifacts.putAll(first.tickId, items);
  };
  return gather(together, { mostAtOnce: MOST_AT_ONCE, isForAll: () => false });
}
