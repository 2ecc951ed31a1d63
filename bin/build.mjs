#!/usr/bin/env node
/** `npm run build`: what `dist/` needs, when sources have changed. Inside itself, `--bundle FOLDER` makes the workflow bundle. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { ensureBuilt, ensureInstalled, runMain } from './ensure.mjs';

await runMain(async () => {
  const [flag, folder] = process.argv.slice(2);
  if (flag === '--bundle') {
    await bundle(folder);
  } else {
    await ensureInstalled();
    await ensureBuilt();
  }
  return 0;
});

async function bundle(folder) {
  const workflowsPath = join(folder, 'src', 'workflows', 'index.js');
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  writeFileSync(join(folder, 'workflow-bundle.js'), code);
}
