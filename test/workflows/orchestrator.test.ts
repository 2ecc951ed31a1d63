/** The orchestrator's time, on the time-skipping server, with bookkeeping that follows a script. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { BookkeepingActivities, ClaimTickInput, ClaimTickResult } from '../../src/contracts/engine/activities.ts';
import type { OrchestratorInput } from '../../src/contracts/engine/orchestrator.ts';
import { CONTROL_SIGNAL, ORCHESTRATOR_WORKFLOW, STATE_QUERY, WAKE_SIGNAL } from '../../src/contracts/names.ts';
import { INSTALL_LIMIT_MS } from '../support/providers/install.ts';
import { claimed, idle, killed, summary } from '../support/scripted-lane.ts';
import { startTimeSkipping, type TimeSkipping } from '../support/time-skipping.ts';
import { until } from '../support/until.ts';
import { quietRuntime, workflowBundlePath } from '../support/workflows.ts';

let timeSkipping: TimeSkipping;
let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  quietRuntime();
  timeSkipping = await startTimeSkipping();
  ({ environment } = timeSkipping);
}, INSTALL_LIMIT_MS);
afterAll(() => timeSkipping?.close());

interface Look {
  readonly atMs: number;
  readonly input: ClaimTickInput;
}

/** Runs an orchestrator whose looks are answered by `script` until `during` ends; answers the looks it made. */
async function withScript(
  script: (look: Look, count: number) => ClaimTickResult,
  during: (handle: Awaited<ReturnType<typeof start>>, looks: readonly Look[]) => Promise<void>,
  prove: BookkeepingActivities['proveTick'] = async ({ tickId }) => summary(tickId, null),
  input: OrchestratorInput = { lane: 'default', autonomous: true },
): Promise<readonly Look[]> {
  const taskQueue = randomUUID();
  const looks: Look[] = [];
  const activities: BookkeepingActivities = {
    async claimTick(claim) {
      const look = { atMs: await environment.currentTimeMs(), input: claim };
      looks.push(look);
      return script(look, looks.length);
    },
    proveTick: prove,
    abandonEffect: async () => undefined,
  };
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: { codePath: workflowBundlePath },
    activities: { ...activities },
  });
  await worker.runUntil(async () => {
    const handle = await start(taskQueue, input);
    try {
      await during(handle, looks);
    } finally {
      await handle.terminate().catch(() => undefined);
    }
  });
  return looks;
}

function start(taskQueue: string, input: OrchestratorInput) {
  return environment.client.workflow.start(ORCHESTRATOR_WORKFLOW, {
    taskQueue,
    workflowId: `aol/${randomUUID()}`,
    args: [input],
  });
}

/** From each look to the next. The server's clock goes on while a busy machine works, so that one is late rather than early. */
const gapsMs = (looks: readonly Look[]) => looks.slice(1).map(({ atMs }, index) => atMs - (looks[index]?.atMs ?? 0));

describe('the orchestrator', () => {
  test('half a day of an idle lane is a look a minute, and stays one bounded run after another', async () => {
    let lastRun = '';
    const runs = new Set<string>();
    const looks = await withScript(
      ({ input }) => {
        runs.add(input.holder.runId);
        lastRun = input.holder.runId;
        return idle;
      },
      async (handle) => {
        await environment.sleep('12 hours');
        const { historyLength } = await environment.client.workflow.getHandle(handle.workflowId, lastRun).describe();
        expect(historyLength).toBeLessThan(300);
      },
    );
    expect(looks.length).toBeGreaterThanOrEqual(718);
    expect(looks.length).toBeLessThanOrEqual(740);
    expect(runs.size).toBeGreaterThan(2);
    expect(new Set(looks.map(({ input }) => input.holder.firstRunId)).size).toBe(1);
    expect(looks.at(-1)?.input.holder.token).toBe(1);
  }, 120_000);

  test('an hour of an idle lane adds fewer than 400 history events, over all its runs', async () => {
    const runs = new Set<string>();
    await withScript(
      ({ input }) => {
        runs.add(input.holder.runId);
        return idle;
      },
      async (handle) => {
        await environment.sleep('1 hour');
        const lengths = [...runs].map(async (runId) => {
          const run = environment.client.workflow.getHandle(handle.workflowId, runId);
          return (await run.describe()).historyLength;
        });
        const events = (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0);
        expect(events).toBeGreaterThan(300);
        expect(events).toBeLessThan(400);
      },
    );
  }, 60_000);

  test('drains at the tick interval and no faster, then waits', async () => {
    const looks = await withScript(
      (_, count) => (count <= 4 ? claimed(5_000, 0) : idle),
      () => environment.sleep('50 seconds'),
      async ({ tickId }) => summary(tickId, 0),
    );
    expect(looks).toHaveLength(5);
    expect(Math.min(...gapsMs(looks))).toBeGreaterThanOrEqual(5_000);
  }, 60_000);

  test('looks when an action that was queued for later is due, days ahead', async () => {
    const dueInMs = 3 * 24 * 3_600_000;
    const looks = await withScript(
      (_, count) => ({
        ...idle,
        retryInMs: 30 * 24 * 3_600_000,
        pacing: { claimInMs: 0, nextDueInMs: count === 1 ? dueInMs : null },
      }),
      () => environment.sleep('4 days'),
    );
    expect(looks).toHaveLength(2);
    const [gapMs] = gapsMs(looks);
    expect(gapMs).toBeGreaterThanOrEqual(dueInMs);
    expect(gapMs).toBeLessThan(dueInMs + 60_000);
  }, 60_000);

  test('a wake signal makes it look at once', async () => {
    let signalledAtMs = 0;
    const looks = await withScript(
      () => idle,
      async (handle) => {
        await environment.sleep('10 seconds');
        signalledAtMs = await environment.currentTimeMs();
        await handle.signal(WAKE_SIGNAL);
        await environment.sleep('5 seconds');
      },
    );
    // By itself it looks once a minute.
    expect(looks.map(({ atMs }) => atMs >= signalledAtMs)).toEqual([false, true]);
  }, 60_000);

  test('kill ends it, and the tick that somebody waits for is answered', async () => {
    await withScript(
      (_, count) => (count === 1 ? idle : killed),
      async (handle) => {
        await environment.sleep('1 second');
        await handle.signal(CONTROL_SIGNAL);
        await handle.result();
        expect((await handle.describe()).status.name).toBe('COMPLETED');
      },
    );
  }, 60_000);

  test('what fails is taken up again under the same tick id, later and later', async () => {
    let failures = 0;
    const looks = await withScript(
      () => claimed(0, null),
      async () => {
        while (failures < 7) await environment.sleep('1 second');
      },
      async ({ tickId }) => {
        failures += 1;
        if (failures <= 6) throw new Error('the disk is on fire');
        return summary(tickId, null);
      },
    );
    const [first, second, third] = looks;
    expect(new Set(looks.slice(0, 3).map(({ input }) => input.tickId)).size).toBe(1);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect((third?.atMs ?? 0) - (second?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
  }, 60_000);

  test('when asked only: ticks as often as asked, answers each, and does nothing by itself', async () => {
    const looks = await withScript(
      (_, count) => (count === 1 ? claimed(5_000, 0) : idle),
      async (handle) => {
        // The server counts the time it skips towards a first workflow task that no worker has answered yet.
        expect(await handle.query(STATE_QUERY)).toMatchObject({ autonomous: false, ticks: 0 });
        await environment.sleep('1 minute');
        const answers = [await handle.executeUpdate('tick'), await handle.executeUpdate('tick')];
        expect(answers).toMatchObject([
          { kind: 'proved', summary: { succeeded: 3 } },
          { kind: 'quiet', outcome: 'IDLE' },
        ]);
        await environment.sleep('10 minutes');
      },
      undefined,
      { lane: 'default', autonomous: false },
    );
    expect(looks).toHaveLength(2);
  }, 60_000);

  test('signals are counted too: 700 of them are spread over runs of fewer than 1,000 each, all heard', async () => {
    const runs = new Set<string>();
    await withScript(
      ({ input }) => {
        runs.add(input.holder.runId);
        return idle;
      },
      async (handle, looks) => {
        const chain = environment.client.workflow.getHandle(handle.workflowId);
        const wake = () =>
          until('a run takes the signal', async () => {
            try {
              await chain.signal(WAKE_SIGNAL);
              return true;
            } catch (error) {
              // Unlike the real one, the server that skips time has no run for a moment between two of a chain.
              if (error instanceof WorkflowNotFoundError) return false;
              throw error;
            }
          });
        for (let batch = 0; batch < 70; batch += 1) {
          const before = looks.length;
          await Promise.all(Array.from({ length: 10 }, wake));
          while (looks.length === before) await environment.sleep('10 ms');
        }
        for (const runId of runs) {
          const history = await environment.client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
          const signals = history.events?.filter((event) => event.workflowExecutionSignaledEventAttributes) ?? [];
          expect(signals.length).toBeLessThan(1_000);
        }
        await chain.terminate();
      },
    );
    expect(runs.size).toBeGreaterThan(1);
  }, 120_000);
});
