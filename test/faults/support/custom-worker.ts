/**
 * A worker with adapters of its own: `custom-worker.ts BUNDLE`, its settings in the environment as for `aol worker`.
 * KILL_WORKER kills its process by SIGKILL, FREEZE_WORKER stops it by SIGSTOP, each where its payload says; BE_WICKED stands in
 * `wicked-adapter.ts`.
 */

import process from 'node:process';
import { z } from 'zod';
import { defineAdapter, type Effect, jsonBodyOf, jsonEffect, type RenderContext } from '../../../src/adapters/port.ts';
import { registerAdapter } from '../../../src/adapters/registry.ts';
import { artifactLocation, createLogger, databaseUrl, temporalSettings } from '../../../src/cli/settings.ts';
import { untilStopped } from '../../../src/cli/up/lifecycle.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { jsonObjectSchema } from '../../../src/contracts/http/json.ts';
import type { AttemptOutcome } from '../../../src/domain/outcomes.ts';
import { createWorker } from '../../../src/worker/create-worker.ts';
import { installRuntime } from '../../../src/worker/runtime.ts';
import { wickedAdapter } from './wicked-adapter.ts';

const payloadSchema = z.strictObject({
  url: z.string(),
  /** Where the process is hit: while it renders, before it sends, or after it has sent. */
  where: z.enum(['render', 'before', 'after']),
  dedupes: z.boolean(),
});
type Payload = z.output<typeof payloadSchema>;

function adapter(type: string, signal: 'SIGKILL' | 'SIGSTOP') {
  const hit = () => process.kill(process.pid, signal);
  /** Frozen once in this process: who wakes up goes on. */
  let wasHit = false;
  const hitOnce = () => {
    if (signal === 'SIGSTOP' && wasHit) return;
    wasHit = true;
    hit();
  };
  return registerAdapter(
    defineAdapter<Payload>({
      contract: {
        type,
        title: type,
        performs: true,
        payload: payloadSchema,
        example: { url: 'http://127.0.0.1:1/', where: 'before', dedupes: false },
      },
      version: 1,
      redelivery: ({ dedupes }) =>
        dedupes ? { kind: 'dedupes', windowMs: 3_600_000, settleMs: 0 } : { kind: 'neither' },
      render(payload, context) {
        if (payload.where === 'render') hitOnce();
        return render(type, payload, context);
      },
      async perform(effect, { providerKey }): Promise<AttemptOutcome> {
        const payload = payloadSchema.parse(jsonBodyOf(effect));
        if (payload.where === 'before') hitOnce();
        const headers = { 'idempotency-key': providerKey, 'content-type': 'application/json' };
        const response = await fetch(payload.url, { method: 'POST', headers, body: JSON.stringify(payload) });
        await response.body?.cancel();
        if (payload.where === 'after') hitOnce();
        return { kind: 'done', receipt: { status: response.status } };
      },
    }),
  );
}

function render(type: string, payload: Payload, { providerKey }: RenderContext): Effect {
  return jsonEffect({
    type,
    adapterVersion: 1,
    summary: `${type} ${payload.where}`,
    url: payload.url,
    headers: { 'idempotency-key': providerKey },
    body: jsonObjectSchema.parse(payload),
  });
}

const [, , bundle = ''] = process.argv;
const config = loadConfig();
const stopped = untilStopped();
const log = createLogger(config);
installRuntime(log);
const worker = await createWorker({
  databaseUrl: databaseUrl(config),
  temporal: temporalSettings(config),
  artifacts: artifactLocation(config),
  proofMode: config.proofMode,
  webhook: config.webhook,
  workflowBundlePath: bundle,
  adapters: [adapter('KILL_WORKER', 'SIGKILL'), adapter('FREEZE_WORKER', 'SIGSTOP'), wickedAdapter()],
  log,
});
const running = worker.run();
void worker.ready.then(() => process.send?.({ type: 'ready' }));
await Promise.race([stopped, running]);
await worker.shutdown();
await running;
