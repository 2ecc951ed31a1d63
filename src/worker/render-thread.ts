/** A thread that renders: adapters run here, beside the process that asks, so that none of them can hold it up. */

import { parentPort, workerData } from 'node:worker_threads';
import { accountForRendering } from '../accounts/for-rendering.ts';
import { createBuiltInAdapters } from '../adapters/index.ts';
import type { Blobs, RenderAccount } from '../adapters/port.ts';
import { type AdapterRegistry, createRegistry } from '../adapters/registry.ts';
import { renderArtifact } from '../adapters/render.ts';
import { createBlobStoreAt } from '../artifacts/index.ts';
import { providerKey } from '../contracts/names.ts';
import { errorText, InvalidRequestError } from '../domain/errors.ts';
import { sha256Hex } from '../domain/hashing.ts';
import { MAX_ERROR_LENGTH } from '../domain/limits.ts';
import { loadAdapters } from './load-adapters.ts';
import {
  READY,
  type RenderReply,
  type RenderRequest,
  renderRequestSchema,
  renderSettingsSchema,
} from './render-messages.ts';

const settings = renderSettingsSchema.parse(workerData);
const store = createBlobStoreAt(settings.artifacts);

async function readRegistry(): Promise<AdapterRegistry> {
  const { adapters } = await loadAdapters(settings.adapterFiles);
  return createRegistry([...createBuiltInAdapters(), ...adapters]);
}

/** Files of the store, and what this rendering keeps: that is forgotten with it. */
function filesOf({ files }: RenderRequest, kept: Map<string, Uint8Array>): Blobs {
  return {
    async describe(sha256) {
      const file = files.find((one) => one.sha256 === sha256);
      if (!file) throw new InvalidRequestError(`there is no file ${sha256}`);
      const { width, height, ...rest } = file;
      return width === null || height === null ? rest : { ...rest, width, height };
    },
    read: async (sha256) => kept.get(sha256) ?? store.get(sha256),
    async keep(bytes, mediaType) {
      const sha256 = sha256Hex(bytes);
      kept.set(sha256, bytes);
      return { sha256, mediaType, byteCount: bytes.byteLength };
    },
  };
}

async function render(registry: AdapterRegistry, request: RenderRequest): Promise<RenderReply> {
  const { type, payload, actionId, accounts } = request;
  try {
    const adapter = registry.get(type);
    const wanted = adapter.account(payload);
    const theirs = accounts.map((account): RenderAccount => ({ ...account, settings: account.settings ?? {} }));
    const account = wanted ? accountForRendering(theirs, adapter.providers, wanted) : null;
    const kept = new Map<string, Uint8Array>();
    const blobs = filesOf(request, kept);
    const context = { actionId, providerKey: providerKey(actionId), account, blobs };
    const { bytes, sha256 } = await renderArtifact(adapter, payload, context);
    const holdsActionId = [bytes, ...kept.values()].some((each) => Buffer.from(each).includes(actionId));
    return { kind: 'rendered', bytes, sha256, holdsActionId, hasAccount: account === null || theirs.length > 0 };
  } catch (error) {
    const problems = error instanceof InvalidRequestError ? [...error.problems] : [];
    return { kind: 'failed', reason: errorText(error, MAX_ERROR_LENGTH), problems };
  }
}

const registry = await readRegistry();
parentPort?.on('message', (message: unknown) => {
  void render(registry, renderRequestSchema.parse(message)).then((reply) => parentPort?.postMessage(reply));
});
parentPort?.postMessage(READY);
