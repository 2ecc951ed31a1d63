/** A child process that writes artifacts until it is killed. Arguments: the store's location. */

import { randomUUID } from 'node:crypto';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';

const store = createArtifactStore(process.argv[2] ?? '');
process.stdout.write('writing\n');
for (;;) {
  const artifacts = Array.from({ length: 20 }, () => {
    const bytes = new TextEncoder().encode(randomUUID().repeat(5_000));
    return { actionId: randomUUID(), sha256: sha256Hex(bytes), bytes };
  });
  await Promise.all([
    store.putAll(randomUUID(), artifacts.slice(10)),
    ...artifacts.slice(0, 10).map(({ actionId, sha256, bytes }) => store.put(actionId, sha256, bytes)),
  ]);
}
