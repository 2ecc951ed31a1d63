/** Signals and ticks by the thousand: the kill still holds (I-14), and no history grows without limit (I-23). */

import { orchestratorWorkflowId, WAKE_SIGNAL } from '../../../src/contracts/names.ts';
import { until } from '../../support/until.ts';
import type { Fault } from '../support/fault.ts';
import { laneHistories, signalsIn } from '../support/histories.ts';
import type { Scene } from '../support/scene.ts';
import { judgeKills, killOnce, SLOW_ANSWERS, startAgain } from './kill.ts';

const FLOOD = 10_000;
const SENDERS = 8;
const SIGNAL_LIMIT_MS = 20_000;
const MOST_EVENTS = 4_096;
const MOST_SIGNALS = 1_000;

/** Straight to Temporal: our own API would make few signals of many calls. */
async function flood({ temporal }: Scene): Promise<number> {
  const lane = temporal.client.workflow.getHandle(orchestratorWorkflowId('default'));
  let left = FLOOD;
  let sent = 0;
  const send = async () => {
    while (left > 0) {
      left -= 1;
      await temporal
        .bounded(() => lane.signal(WAKE_SIGNAL), SIGNAL_LIMIT_MS)
        .then(
          () => {
            sent += 1;
          },
          () => undefined,
        );
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));
  return sent;
}

const signals: Fault = {
  id: 'F-19',
  title: `${FLOOD.toLocaleString('en')} signals straight to the orchestrator, then kill`,
  async play(scene) {
    scene.load.start(SLOW_ANSWERS);
    await until('effects in flight', () => scene.receiver.open() >= 2, 30_000);
    const sent = await flood(scene);
    const kills = [await killOnce(scene)];
    // Of the chain of runs that the kill ended.
    const runs = (await laneHistories(scene)).map(({ history }) => history);
    await startAgain(scene);
    kills.push(await killOnce(scene));
    await scene.load.stop();
    const findings = judgeKills(kills);
    await scene.client.start();
    const note = `${sent} signals; ${findings.note}`;
    // A flood that goes past our API puts as many signals into a run as arrive while it tries to continue as new.
    return { ...findings, ...within(runs, findings.problems ?? [], note, FLOOD) };
  },
};

const TICKS = 2_000;

const ticks: Fault = {
  id: 'I-23',
  title: `${TICKS.toLocaleString('en')} ticks and 5,000 control calls: every run of the lane's workflow stays small`,
  scene: { flags: { max_actions_per_tick: 1 } },
  async play(scene) {
    const proofs = Array.from({ length: TICKS }, (_, index) => ({
      type: 'POST_SOCIAL',
      payload: { platform: 'bluesky', content: `number ${index}` },
    }));
    await scene.load.enqueueMany('proof', proofs);
    let left = 5_000;
    const press = async () => {
      while (left > 0) {
        left -= 1;
        await scene.client.resume();
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, press));
    const open = async () =>
      Number(
        (await scene.db.query(`SELECT count(*) AS n FROM aol_actions WHERE status IN ('PENDING', 'RUNNING')`)).rows[0]
          ?.n,
      );
    await until('all are proved', async () => (await open()) === 0, 180_000);
    const runs = (await laneHistories(scene)).map(({ history }) => history);
    return within(runs, [], '');
  },
};

function within(
  runs: Awaited<ReturnType<typeof laneHistories>>[number]['history'][],
  found: readonly string[],
  note: string,
  mostSignals = MOST_SIGNALS,
) {
  const events = Math.max(...runs.map(({ events }) => events?.length ?? 0));
  const signalled = Math.max(...runs.map(signalsIn));
  return {
    problems: [
      ...found,
      ...(events >= MOST_EVENTS ? [`a run has ${events} events`] : []),
      ...(signalled >= mostSignals ? [`a run has ${signalled} signals`] : []),
    ],
    note: [note, `${runs.length} runs, at most ${events} events and ${signalled} signals each`]
      .filter(Boolean)
      .join('; '),
  };
}

export const floodFaults: readonly Fault[] = [signals, ticks];
