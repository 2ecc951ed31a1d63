/** The workflows of today replay every recorded history; workflows that were altered on purpose do not. */

import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { paths } from '../support/scripted-lane.ts';
import { alteredBundle, quietRuntime, workflowBundlePath } from '../support/workflows.ts';

const folder = new URL('../histories/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
const history = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

/** How the bundle calls the SDK's `sleep`. */
const SLEEP = '(0,_temporalio_workflow__WEBPACK_IMPORTED_MODULE_0__.sleep)';

beforeAll(() => quietRuntime());

describe('recorded histories', () => {
  test('there is one of every path', () => {
    for (const path of Object.keys(paths)) expect(names.some((name) => name.endsWith(`-${path}.json`))).toBe(true);
  });

  test.each(names)('%s replays on the workflows of today', async (name) => {
    await Worker.runReplayHistory({ workflowBundle: { codePath: workflowBundlePath } }, history(name), 'aol/default');
  });

  test.each(names)('%s does not replay on workflows that do one thing first that they did not', async (name) => {
    const code = await alteredBundle(
      'await lane.waitForNextLook();',
      `await ${SLEEP}(1); await lane.waitForNextLook();`,
    );
    await expect(Worker.runReplayHistory({ workflowBundle: { code } }, history(name), 'aol/default')).rejects.toThrow(
      /determinis/i,
    );
  });
});
