/** Posts with pictures through the engine, and workers of their own that die at their post. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createBlobStoreAt } from '../../src/artifacts/index.ts';
import { childEnvironment } from '../../src/config/index.ts';
import { addBlob } from '../../src/db/queue/blobs.ts';
import type { TestStack } from './stack.ts';
import { workflowBundlePath } from './workflows.ts';

/** Stores a PNG as the API does. Answers its SHA-256. */
export async function storePicture(stack: TestStack, bytes: Uint8Array): Promise<string> {
  const sha256 = await createBlobStoreAt(`file:${stack.artifactFolder}`).put(bytes);
  const size = { width: null, height: null };
  await addBlob(stack.db, { sha256, mediaType: 'image/png', byteCount: bytes.byteLength, ...size, createdBy: 'test' });
  return sha256;
}

/** What `social-worker.ts` is told. */
export interface WorkerOrder {
  readonly provider: 'bluesky' | 'mastodon';
  readonly identity: string;
  readonly server: string;
  readonly secret: string;
  /** Where it kills itself, by SIGKILL: with everything uploaded, or with the post made and nothing recorded. */
  readonly dies: 'before' | 'after';
}

/** Runs a worker until it has killed itself. Answers the signal that ended it. */
export async function runUntilItDies(stack: TestStack, order: WorkerOrder): Promise<unknown> {
  const script = fileURLToPath(new URL('./social-worker.ts', import.meta.url));
  const env = childEnvironment({
    NODE_OPTIONS: undefined,
    DATABASE_URL: stack.databaseUrl,
    TEMPORAL_ADDRESS: stack.temporal.address,
    TEMPORAL_NAMESPACE: stack.temporal.namespace,
    AOL_ARTIFACTS: `file:${stack.artifactFolder}`,
    AOL_PROOF_MODE: '0',
  });
  const child = spawn(process.execPath, [script, workflowBundlePath, JSON.stringify(order)], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [, signal]: unknown[] = await once(child, 'exit');
  return signal;
}
