/** A worker with one account that kills its own process at its post: `social-worker.ts BUNDLE ORDER`, its settings as for `aol worker`. */

import process from 'node:process';
import { z } from 'zod';
import { registerAdapter } from '../../src/adapters/registry.ts';
import { artifactLocation, databaseUrl, temporalSettings } from '../../src/cli/settings.ts';
import { loadConfig } from '../../src/config/index.ts';
import { createWorker } from '../../src/worker/create-worker.ts';
import { postsAs } from './social.ts';
import { posterOf } from './social-posters.ts';
import { quietRuntime } from './workflows.ts';

const orderSchema = z.object({
  provider: z.enum(['bluesky', 'mastodon']),
  identity: z.string(),
  server: z.string(),
  secret: z.string(),
  dies: z.enum(['before', 'after']),
});

const [, , bundle = '', text = ''] = process.argv;
const { dies, ...who } = orderSchema.parse(JSON.parse(text));
const config = loadConfig();
const die = () => process.kill(process.pid, 'SIGKILL');
quietRuntime();
const worker = await createWorker({
  databaseUrl: databaseUrl(config),
  temporal: temporalSettings(config),
  artifacts: artifactLocation(config),
  proofMode: config.proofMode,
  workflowBundlePath: bundle,
  adapters: [registerAdapter(postsAs(posterOf(who), dies === 'before' ? { before: die } : { after: die }))],
});
await worker.run();
