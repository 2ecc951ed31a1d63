/** The workflow bundle that the tests run: the one that `npm test` built from the sources. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';

export const workflowBundlePath = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));

/** The bundle with one change, which must really change something. */
export async function alteredBundle(from: string | RegExp, to: string): Promise<string> {
  const code = await readFile(workflowBundlePath, 'utf8');
  const altered = code.replace(from, to);
  if (altered === code) throw new Error(`the bundle does not hold ${from}`);
  return altered;
}

/** Keeps the SDK's own log out of the tests' output; once per process. */
export function quietRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
  });
}
