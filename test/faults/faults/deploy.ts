/** F-26: another version of the workflows takes over lanes that are alive, under load, and the old one again. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { orchestratorWorkflowId } from '../../../src/contracts/names.ts';
import { until } from '../../support/until.ts';
import { alteredOrchestrator } from '../../support/workflows.ts';
import { type Fault, now, underLoad } from '../support/fault.ts';
import { laneHistories } from '../support/histories.ts';
import type { Scene } from '../support/scene.ts';

const PATCH = 'slower-looks';
const RECOVERY_MS = 10_000;
const ALERT_MS = 60_000;

/** Writes the altered build beside the other one. */
async function build(scene: Scene, name: string, patch?: string): Promise<string> {
  const file = join(scene.folder, name);
  writeFileSync(file, await alteredOrchestrator(patch));
  return file;
}

/** A worker of the other build is there before the old one is told to stop. */
async function replaceWorker(scene: Scene, bundleFile?: string): Promise<void> {
  const old = scene.workers.find((worker) => worker.isRunning());
  await scene.startWorker(bundleFile === undefined ? {} : { bundleFile });
  await old?.stop();
}

const hasPatch = async (scene: Scene) => {
  const [newest] = await laneHistories(scene, 1);
  return newest?.history.events?.some((event) => event.markerRecordedEventAttributes?.markerName === 'core_patch');
};

const forward: Fault = {
  id: 'F-26-forward',
  title: 'a build with a changed workflow, behind patched(), takes over under load',
  maxRecoveryMs: RECOVERY_MS,
  ownWorkflows: true,
  scene: { customWorkers: true },
  async play(scene) {
    const changed = await build(scene, 'changed.js', PATCH);
    const findings = await underLoad(scene, {
      async hit() {
        await replaceWorker(scene, changed);
        return now();
      },
    });
    await until('the new branch was taken', () => hasPatch(scene), 60_000);
    return findings;
  },
};

/** Histories that the new build wrote do not replay on the old one: its runs are ended, as docs/upgrading.md says. */
const back: Fault = {
  id: 'F-26-back',
  title: 'back to the old build under load: the runs are terminated, the supervisor starts new ones',
  maxRecoveryMs: RECOVERY_MS,
  ownWorkflows: true,
  scene: { customWorkers: true, workers: 0 },
  async play(scene) {
    await scene.startWorker({ bundleFile: await build(scene, 'changed.js', PATCH) });
    const findings = await underLoad(scene, {
      async hit() {
        await replaceWorker(scene);
        const { client } = scene.temporal;
        await scene.temporal.bounded(() => client.workflow.getHandle(orchestratorWorkflowId('default')).terminate());
        return now();
      },
    });
    return findings;
  },
};

/** The replay of recorded histories is red before such a deploy (test/workflows/replay.test.ts); this is when nobody looked. */
const unpatched: Fault = {
  id: 'F-26-unpatched',
  title: 'a changed workflow without patched(): the supervisor ends the run that cannot go on, and says so in the log',
  ownWorkflows: true,
  scene: { customWorkers: true },
  async play(scene) {
    const broken = await build(scene, 'broken.js');
    const problems: string[] = [];
    let tookMs = 0;
    const findings = await underLoad(scene, {
      async hit() {
        // Stopped first, so that the broken build gets a run that the other one began.
        await scene.workers[0]?.stop();
        const before = await claimingRun(scene);
        await scene.startWorker({ bundleFile: broken });
        const deployedAt = now();
        await until('another run claims', async () => (await claimingRun(scene)) !== before, ALERT_MS);
        tookMs = now() - deployedAt;
        const log = readFileSync(join(scene.folder, 'worker-2.log'), 'utf8');
        if (!log.includes('got no further')) problems.push('the log does not say that a run was ended');
        return now();
      },
    });
    if (tookMs > ALERT_MS) problems.push(`it went on after ${Math.round(tookMs)} ms`);
    const note = `${findings.note}, another run claims after ${(tookMs / 1_000).toFixed(1)} s`;
    return { ...findings, problems: [...(findings.problems ?? []), ...problems], note };
  },
};

async function claimingRun({ db }: Scene): Promise<string | undefined> {
  const { rows } = await db.query('SELECT run_id FROM aol_tick_ledger WHERE claimed > 0 ORDER BY number DESC LIMIT 1');
  return rows[0]?.run_id;
}

export const deployFaults: readonly Fault[] = [forward, back, unpatched];
