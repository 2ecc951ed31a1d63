/** Stores what a tick renders together, which costs no more than storing one. */

import type { ArtifactStore, NewArtifact } from '../artifacts/port.ts';

/** So many bytes are stored at once; more are divided. */
const MAX_BYTES_AT_ONCE = 4 * 1024 * 1024;

interface Waiting extends NewArtifact {
  readonly resolve: (uri: string | Promise<string>) => void;
}

export interface TickStore extends Pick<ArtifactStore, 'put'> {
  /** One of them asks nothing more, whether it stored anything or not. */
  ended(): void;
}

/**
 * A store for so many proofs or effects that run at the same time: writes once each of them waits for it or has ended. What cannot be
 * stored together is stored one by one, so that what is wrong with one is not the others' failure.
 */
export function createTickStore(
  artifacts: Pick<ArtifactStore, 'put' | 'putAll'>,
  tickId: string,
  proofs: number,
): TickStore {
  let running = proofs;
  let waiting: Waiting[] = [];
  let bytes = 0;

  const write = (): void => {
    const all = waiting;
    waiting = [];
    bytes = 0;
    void putTogether(artifacts, tickId, all).then((uris) => {
      for (const [index, one] of all.entries()) one.resolve(uris?.[index] ?? putAlone(artifacts, one));
    });
  };
  const writeIfAllWait = (): void => {
    if (waiting.length > 0 && (waiting.length === running || bytes >= MAX_BYTES_AT_ONCE)) write();
  };

  return {
    put(actionId, sha256, content) {
      const stored = new Promise<string>((resolve) => {
        waiting.push({ actionId, sha256, bytes: content, resolve });
      });
      bytes += content.byteLength;
      writeIfAllWait();
      return stored;
    },
    ended() {
      running -= 1;
      writeIfAllWait();
    },
  };
}

/** Undefined when they cannot be stored together. */
async function putTogether(
  artifacts: Pick<ArtifactStore, 'putAll'>,
  tickId: string,
  all: readonly NewArtifact[],
): Promise<string[] | undefined> {
  if (all.length < 2) return undefined;
  try {
    return await artifacts.putAll(tickId, all);
  } catch {
    return undefined;
  }
}

function putAlone(artifacts: Pick<ArtifactStore, 'put'>, { actionId, sha256, bytes }: NewArtifact): Promise<string> {
  return artifacts.put(actionId, sha256, bytes);
}
