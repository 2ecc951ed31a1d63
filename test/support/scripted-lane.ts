/** Orchestrators whose bookkeeping follows a script, on a real Temporal server: the paths that histories are recorded of. */

import { randomUUID } from 'node:crypto';
import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type NativeConnection, Worker } from '@temporalio/worker';
import type {
  BookkeepingActivities,
  ClaimTickResult,
  EffectActivities,
  EffectAnswer,
  Showing,
  TickInput,
  TickProgress,
  TickSummary,
} from '../../src/contracts/engine/activities.ts';
import {
  CONTROL_SIGNAL,
  EFFECTS_TASK_QUEUE,
  ORCHESTRATOR_WORKFLOW,
  TICK_UPDATE,
  TICK_WORKFLOW,
  WAKE_SIGNAL,
} from '../../src/contracts/names.ts';
import { workflowBundlePath } from './workflows.ts';

type Quiet = Extract<ClaimTickResult, { kind: 'quiet' }>;

export const idle: Quiet = {
  kind: 'quiet',
  outcome: 'IDLE',
  token: 1,
  tickNumber: 1,
  retryInMs: 60_000,
  openTicks: [],
  pacing: { claimInMs: 0, nextDueInMs: null },
};
export const killed: Quiet = { ...idle, outcome: 'KILLED', retryInMs: null };

export function claimed(claimInMs: number, nextDueInMs: number | null): Extract<ClaimTickResult, { kind: 'claimed' }> {
  return {
    kind: 'claimed',
    token: 1,
    tickNumber: 2,
    mode: 'PROOF',
    claimed: 3,
    effects: [],
    maxTickMs: 20_000,
    resumed: false,
    openTicks: [],
    pacing: { claimInMs, nextDueInMs },
  };
}

export function summary(tickId: string, nextDueInMs: number | null): TickSummary {
  return {
    tickId,
    number: 2,
    outcome: 'OK',
    mode: 'PROOF',
    claimed: 3,
    succeeded: 3,
    failed: 0,
    retried: 0,
    released: 0,
    awaiting: 0,
    running: 0,
    deadLettered: 0,
    unconfirmed: 0,
    nextDueInMs,
  };
}

/** A server that knows our search attributes, and a dashboard to link to. */
const showing: Showing = { searchable: true, dashboard: 'https://aol.example' };

const withEffects: Extract<ClaimTickResult, { kind: 'claimed' }> = { ...claimed(0, null), effects: ['a', 'b'] };
const effectsAlone: ClaimTickResult = { ...withEffects, claimed: 2 };
/** The claim has proved at once what it claimed. */
const provedAtOnce: ClaimTickResult = { ...claimed(20, 0), summary: summary('proved', 0) };
const full: ClaimTickResult = { ...effectsAlone, pacing: { claimInMs: 0, nextDueInMs: 0, isFull: true } };

interface Path {
  readonly autonomous: boolean;
  /** Answers the looks, counted from 1. */
  readonly claim: (look: number) => ClaimTickResult;
  readonly prove?: (look: number, tickId: string) => TickSummary;
  /** Ends when the path was walked. */
  readonly walk: (lane: { readonly handle: WorkflowHandle; readonly looks: () => number }) => Promise<void>;
}

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** Every path that an orchestrator can take. */
export const paths: Readonly<Record<string, Path>> = {
  'drain-then-kill': {
    autonomous: true,
    claim: (look) => (look <= 3 ? claimed(20, 0) : look === 4 ? idle : killed),
    prove: (look, tickId) => summary(tickId, look < 3 ? 0 : null),
    async walk({ handle, looks }) {
      await until(() => looks() >= 3);
      await handle.signal(WAKE_SIGNAL);
      await until(() => looks() >= 4);
      await handle.signal(CONTROL_SIGNAL);
      await handle.result();
    },
  },
  'scheduled-action': {
    autonomous: true,
    claim: (look) =>
      look === 1 ? { ...idle, pacing: { claimInMs: 0, nextDueInMs: 50 } } : look === 2 ? claimed(0, 0) : killed,
    async walk({ handle, looks }) {
      await until(() => looks() >= 2);
      await handle.signal(CONTROL_SIGNAL);
      await handle.result();
    },
  },
  'pause-and-resume': {
    autonomous: true,
    claim: (look) => [{ ...idle, outcome: 'PAUSED' as const }, claimed(0, 0)][look - 1] ?? killed,
    async walk({ handle, looks }) {
      await until(() => looks() >= 1);
      await handle.signal(CONTROL_SIGNAL);
      await until(() => looks() >= 2);
      await handle.signal(CONTROL_SIGNAL);
      await handle.result();
    },
  },
  'lost-lease-and-failures': {
    autonomous: true,
    claim: (look) => {
      if (look === 1) return { ...idle, outcome: 'NO_LEASE', token: null, retryInMs: 20 };
      if (look <= 5) throw new Error('the database is away');
      return look === 6 ? claimed(0, null) : killed;
    },
    async walk({ handle, looks }) {
      await until(() => looks() >= 6);
      await handle.signal(CONTROL_SIGNAL);
      await handle.result();
    },
  },
  'ticks-when-asked': {
    autonomous: false,
    claim: (look) => (look === 1 ? claimed(30, 0) : idle),
    async walk({ handle }) {
      await handle.executeUpdate(TICK_UPDATE);
      await handle.executeUpdate(TICK_UPDATE);
      await handle.cancel();
      await handle.result().catch(() => undefined);
    },
  },
  'starts-effects': {
    autonomous: true,
    claim: (look) => (look === 1 ? withEffects : killed),
    async walk({ handle, looks }) {
      await until(() => looks() >= 1);
      await handle.signal(CONTROL_SIGNAL);
      await handle.result();
    },
  },
  'effects-alone': {
    autonomous: true,
    claim: (look) => (look === 1 ? effectsAlone : look === 2 ? full : killed),
    async walk({ handle, looks }) {
      await until(() => looks() >= 1);
      await handle.signal(WAKE_SIGNAL);
      await until(() => looks() >= 2);
      // The end of an effect makes room.
      await handle.signal(WAKE_SIGNAL);
      await handle.result();
    },
  },
  'proved-at-once': {
    autonomous: true,
    claim: (look) => (look <= 3 ? provedAtOnce : killed),
    async walk({ handle, looks }) {
      await until(() => looks() >= 2);
      // A signal comes while a timer runs, which is left to end.
      await handle.signal(WAKE_SIGNAL);
      await until(() => looks() >= 3);
      await handle.signal(CONTROL_SIGNAL);
      await handle.result();
    },
  },
  'kill-cancels-ticks': {
    autonomous: true,
    claim: (look) => (look === 1 ? { ...effectsAlone, openTicks: [1] } : killed),
    async walk({ handle, looks }) {
      await until(() => looks() >= 1);
      await handle.signal(CONTROL_SIGNAL, { killed: true });
      await handle.result();
    },
  },
  'shows-attributes': {
    autonomous: true,
    claim: (look) => ({ ...([idle, claimed(0, 0)][look - 1] ?? killed), showing }),
    async walk({ handle, looks }) {
      await until(() => looks() >= 1);
      await handle.signal(WAKE_SIGNAL);
      await until(() => looks() >= 2);
      await handle.signal(CONTROL_SIGNAL);
      await handle.result();
    },
  },
  'continue-as-new': {
    autonomous: true,
    claim: () => ({ ...idle, retryInMs: 1 }),
    async walk({ handle }) {
      const first = await handle.describe();
      let { runId } = first;
      while (runId === first.runId) ({ runId } = await handle.describe());
      await handle.terminate();
    },
  },
};

type Progress = Partial<TickProgress>;

interface TickPath {
  /** What the first attempts come to, each time they are asked for, from 1. */
  readonly first: (asked: number) => Promise<Progress>;
  /** What a later attempt comes to, by its action id and the run of its activity. */
  readonly again?: (actionId: string, run: number) => Promise<EffectAnswer>;
  readonly showing?: Showing;
  readonly maxTickMs?: number;
  /** While it runs. */
  readonly walk?: (handle: WorkflowHandle) => Promise<void>;
}

const failing = (message: string, nonRetryable = false) =>
  ApplicationFailure.create({ message, nonRetryable, nextRetryDelay: 5 });

const ended = (...ids: string[]): Progress => ({
  ended: Object.fromEntries(ids.map((id) => [id, 'SUCCESS' as const])),
});

/** Every path that the effects of a tick can take. */
export const tickPaths: Readonly<Record<string, TickPath>> = {
  'tick-all-at-once': { first: async () => ended('a', 'b', 'c') },
  'tick-later-attempts': {
    first: async (asked) => (asked === 1 ? { atWork: ['a'], again: ['b', 'c'] } : ended('a')),
    again: async (actionId, run) => {
      if (actionId === 'b' && run < 3) throw failing('not sent');
      return 'SUCCESS';
    },
  },
  'tick-alone-after-deaths': {
    first: async () => ({ again: ['a'], alone: ['b', 'c'] }),
    again: async (actionId, run) => (actionId === 'a' && run === 1 ? 'suspect' : 'SUCCESS'),
  },
  'tick-abandoned': {
    first: async (asked) => {
      if (asked === 1) return { atWork: ['a'], again: ['b'] };
      throw failing('for good', true);
    },
    again: async () => {
      throw failing('for good', true);
    },
  },
  'tick-cancelled': {
    first: async () => {
      await new Promise((resolve) => {
        const beating = setInterval(() => heartbeat(), 100);
        cancellationSignal().addEventListener('abort', () => {
          clearInterval(beating);
          resolve(undefined);
        });
      });
      return ended('a', 'b', 'c');
    },
    async walk(handle) {
      await handle.cancel();
    },
  },
  'tick-overrun-shows-it': {
    maxTickMs: 50,
    showing,
    first: async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return ended('a', 'b', 'c');
    },
  },
};

/** Runs a tick's workflow whose effects follow a script. */
export async function recordTick(
  servers: { readonly client: Client; readonly nativeConnection: NativeConnection },
  name: string,
  { first, again, walk, ...path }: TickPath,
) {
  let asked = 0;
  const nothing: TickProgress = { atWork: [], again: [], alone: [], ended: {} };
  const attempt: EffectActivities['performEffect'] = async ({ actionId }) =>
    (await again?.(actionId, activityInfo().attempt)) ?? 'SUCCESS';
  const activities: EffectActivities & Pick<BookkeepingActivities, 'abandonEffect'> = {
    async performTick() {
      asked += 1;
      return { ...nothing, ...(await first(asked)) };
    },
    performEffect: attempt,
    performAlone: attempt,
    abandonEffect: async () => undefined,
  };
  const worker = await Worker.create({
    connection: servers.nativeConnection,
    taskQueue: EFFECTS_TASK_QUEUE,
    workflowBundle: { codePath: workflowBundlePath },
    activities: { ...activities },
  });
  const workflowId = `aol/default/tick/${name}`;
  const input: TickInput = {
    lane: 'default',
    tickId: randomUUID(),
    token: 1,
    effects: ['a', 'b', 'c'],
    maxTickMs: 20_000,
    ...path,
  };
  return worker.runUntil(async () => {
    const start = { taskQueue: EFFECTS_TASK_QUEUE, workflowId, args: [input] };
    const handle = await servers.client.workflow.start(TICK_WORKFLOW, start);
    await until(() => asked > 0);
    await walk?.(servers.client.workflow.getHandle(workflowId));
    await handle.result();
    return { workflowId, runId: handle.firstExecutionRunId };
  });
}

/** Walks a path and answers the first run of its chain. */
export async function recordPath(
  servers: { readonly client: Client; readonly nativeConnection: NativeConnection },
  name: string,
  path: Path,
) {
  const taskQueue = `record-${name}-${randomUUID()}`;
  let looks = 0;
  const activities: BookkeepingActivities = {
    claimTick: async () => {
      looks += 1;
      return path.claim(looks);
    },
    proveTick: async ({ tickId }) => path.prove?.(looks, tickId) ?? summary(tickId, null),
    abandonEffect: async () => undefined,
  };
  const worker = await Worker.create({
    connection: servers.nativeConnection,
    taskQueue,
    workflowBundle: { codePath: workflowBundlePath },
    activities: { ...activities },
  });
  const workflowId = `aol/${name}`;
  return worker.runUntil(async () => {
    const started = await servers.client.workflow.start(ORCHESTRATOR_WORKFLOW, {
      taskQueue,
      workflowId,
      args: [{ lane: 'default', autonomous: path.autonomous }],
      workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    });
    await path.walk({ handle: servers.client.workflow.getHandle(workflowId), looks: () => looks });
    return { workflowId, runId: started.firstExecutionRunId };
  });
}
