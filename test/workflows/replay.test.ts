/** The workflows of today replay every recorded history; workflows that were altered on purpose do not. */

import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { paths, tickPaths } from '../support/scripted-lane.ts';
import { noticePaths } from '../support/scripted-notices.ts';
import { alteredBundle, alteredOrchestrator, quietRuntime, workflowBundlePath } from '../support/workflows.ts';

const folder = new URL('../histories/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
const history = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

beforeAll(() => quietRuntime());

describe('recorded histories', () => {
  test('there is one of every path', () => {
    for (const path of Object.keys({ ...paths, ...tickPaths, ...noticePaths }))
      expect(names.some((name) => name.endsWith(`-${path}.json`))).toBe(true);
  });

  test('some set search attributes', () => {
    const setting = names.filter((name) => JSON.stringify(history(name)).includes('AolOutcome'));
    expect(setting.map((name) => name.replace(/^[^-]*-/, '')).sort()).toEqual([
      'shows-attributes.json',
      'tick-overrun-shows-it.json',
    ]);
  });

  test.each(names)('%s replays on the workflows of today', async (name) => {
    await Worker.runReplayHistory({ workflowBundle: { codePath: workflowBundlePath } }, history(name), 'aol/default');
  });

  test.each(names)('%s does not replay on workflows that do one thing first that they did not', async (name) => {
    const code = await withTimerFirst(name);
    await expect(Worker.runReplayHistory({ workflowBundle: { code } }, history(name), 'aol/default')).rejects.toThrow(
      /determinis/i,
    );
  });
});

/** The bundle whose workflows begin with a timer that no recorded history has. */
function withTimerFirst(name: string): Promise<string> {
  // The SDK's module has another name in each workflow's file: it is read from a call that stands there.
  if (name.includes('-notices-')) return alteredBundle('for (let round = 0;', /(\w+)\.log\.warn\('a notice/);
  return name.includes('-tick-')
    ? alteredBundle('const startedAtMs = Date.now();', /\(0,(\w+)\.setCurrentDetails\)\(\(0,\w+\.actionLinks/)
    : alteredOrchestrator();
}
