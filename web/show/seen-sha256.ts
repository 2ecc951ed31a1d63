import { useEffect, useState } from 'preact/hooks';
import type { ReadArtifact } from './artifact.tsx';
import { sha256Of } from './sha256.ts';

/** The hash of the bytes that are shown, computed here: what a person approves is what this browser saw. */
export function useSeenSha256(artifact: ReadArtifact | undefined): string | undefined {
  const [seen, setSeen] = useState<string>();
  useEffect(() => {
    let isCurrent = true;
    setSeen(undefined);
    // Without https there is no hash in the browser; the server checks the bytes at each reading as well.
    if (artifact) void sha256Of(artifact.bytes).then((found) => isCurrent && setSeen(found ?? artifact.sha256));
    return () => {
      isCurrent = false;
    };
  }, [artifact]);
  return seen;
}
