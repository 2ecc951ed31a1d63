/** The workflow bundle that the tests run: the one that `npm test` built from the sources. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';

export const workflowBundlePath = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));

/**
 * The bundle with a timer of 1 ms before `statement`; the SDK's module is named as in the first group of `anchor`. With a
 * patch's name histories that lack it take the old way.
 */
export async function alteredBundle(statement: string, anchor: RegExp, patch?: string): Promise<string> {
  const code = await readFile(workflowBundlePath, 'utf8');
  const module = anchor.exec(code)?.[1];
  const condition = patch === undefined ? '' : `if ((0,${module}.patched)('${patch}')) `;
  const altered = code.replace(statement, `${condition}await (0,${module}.sleep)(1); ${statement}`);
  if (module === undefined || altered === code) throw new Error(`the bundle does not hold ${statement}`);
  return altered;
}

/** An orchestrator that waits for a timer before each look, behind a patch where it is named. */
export function alteredOrchestrator(patch?: string): Promise<string> {
  return alteredBundle('await lane.waitForNextLook();', /\(0,(\w+)\.condition\)\(\w+\.allHandlersFinished/, patch);
}

/** Keeps the SDK's own log out of the tests' output; once per process. */
export function quietRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
  });
}
