/** An action's artifact: as its receiver would see it, as exact bytes, and its SHA-256. */

import { useMemo, useState } from 'preact/hooks';
import type { ArtifactBytes } from '../../src/client/client.ts';
import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { Failure, Loading } from '../parts/basics.tsx';
import { type Resource, useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { aroundEffect } from './around.ts';
import { showEffect } from './effect.ts';
import { HashCheck } from './hash-check.tsx';
import { Text } from './json.tsx';
import { ShownEffect } from './shown.tsx';
import { SpeakerFacts } from './speaker.tsx';

export interface ReadArtifact extends ArtifactBytes {
  readonly text: string;
  readonly effect: unknown;
}

async function readArtifact(id: string): Promise<ReadArtifact> {
  const { bytes, sha256 } = await client.getArtifact(id);
  const text = new TextDecoder().decode(bytes);
  return { bytes, sha256, text, effect: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const MAX_KEPT = 120;
const kept = new Map<string, Promise<ReadArtifact>>();

/** Artifacts never change, so that the last ones are kept: a row of a list, its card and the dialog read one together. */
function keptArtifact(id: string, sha256: string | null): Promise<ReadArtifact> {
  const key = `${id} ${sha256}`;
  const known = kept.get(key);
  if (known) return known;
  const reading = readArtifact(id);
  reading.catch(() => kept.delete(key));
  kept.set(key, reading);
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  return reading;
}

/** Artifacts never change: one is read once. */
export function useArtifact({
  id,
  artifactSha256,
}: Pick<ActionSummary, 'id' | 'artifactSha256'>): Resource<ReadArtifact> {
  return useResource(`${id} ${artifactSha256}`, () => keptArtifact(id, artifactSha256), { isLive: false });
}

interface ArtifactViewProps {
  readonly action: ActionSummary;
  readonly artifact: Resource<ReadArtifact>;
  /** Whether the hash is recomputed as soon as the bytes are there. */
  readonly checksAtOnce?: boolean;
}

export function ArtifactView({ action, artifact, checksAtOnce = false }: ArtifactViewProps) {
  const [shows, setShows] = useState<'seen' | 'bytes'>('seen');
  const { data, error, reload } = artifact;
  const shown = useMemo(() => showEffect(data?.effect), [data]);
  const around = useMemo(() => aroundEffect(data?.effect), [data]);
  if (action.artifactSha256 === null) return <p class="quiet">There is none yet.</p>;
  if (!data) return error === undefined ? <Loading what="the artifact" /> : <Failure error={error} retry={reload} />;
  return (
    <div class="stack">
      <fieldset class="row" aria-label="How the artifact is shown">
        {(['seen', 'bytes'] as const).map((kind) => (
          <button
            key={kind}
            type="button"
            class="button"
            data-size="small"
            aria-pressed={shows === kind}
            onClick={() => setShows(kind)}
          >
            {kind === 'seen' ? 'As it is seen' : 'Exact bytes'}
          </button>
        ))}
      </fieldset>
      {shows === 'seen' ? (
        <ShownEffect shown={shown} around={around} />
      ) : (
        <Text text={data.text} label="The artifact’s exact bytes" />
      )}
      {around.speaker && (
        <dl class="facts">
          <SpeakerFacts speaker={around.speaker} />
        </dl>
      )}
      <HashCheck sha256={action.artifactSha256} bytes={data.bytes} atOnce={checksAtOnce} />
    </div>
  );
}
