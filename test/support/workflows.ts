/** The workflow bundle that the tests run: the one that `npm test` built from the sources. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';

export const workflowBundlePath = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));

/** The bundle with a timer of 1 ms before `statement`; the SDK's module is named as in the first group of `anchor`. */
export async function alteredBundle(statement: string, anchor: RegExp): Promise<string> {
  const code = await readFile(workflowBundlePath, 'utf8');
  const module = anchor.exec(code)?.[1];
  const altered = code.replace(statement, `await (0,${module}.sleep)(1); ${statement}`);
  if (module === undefined || altered === code) throw new Error(`the bundle does not hold ${statement}`);
  return altered;
}

/** Keeps the SDK's own log out of the tests' output; once per process. */
export function quietRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
  });
}
