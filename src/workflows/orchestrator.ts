/** A lane's scheduler. */

import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  condition,
  isCancellation,
  makeContinueAsNewFunc,
  patched,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  startChild,
  TemporalFailure,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  BookkeepingActivities,
  ClaimTickResult,
  Showing,
  TickInput,
  TickSummary,
} from '../contracts/engine/activities.ts';
import type { OrchestratorInput, OrchestratorState, TickAnswer } from '../contracts/engine/orchestrator.ts';
import { tickWorkflowId, WORKFLOW_TASK_TIMEOUT_MS } from '../contracts/names.ts';
import type { ActionMode } from '../domain/states.ts';
import { controlSignal, stateQuery, tickUpdate, wakeSignal } from './messages.ts';
import { Schedule } from './schedule.ts';
import { laneLink, showAttributes } from './temporal-display.ts';
import { tick } from './tick.ts';

type Claimed = Extract<ClaimTickResult, { kind: 'claimed' }>;

function shown({ showing }: Claimed): { readonly showing?: Showing } {
  return showing === undefined ? {} : { showing };
}

/** A run that began before the claim started the workflows of effects goes on to start them as its children. */
async function startChildOfBefore(
  claim: Claimed,
  tickOf: { readonly lane: string; readonly tickId: string },
): Promise<void> {
  const input: TickInput = {
    ...tickOf,
    token: claim.token,
    effects: claim.effects,
    maxTickMs: claim.maxTickMs,
    ...shown(claim),
  };
  const workflowId = tickWorkflowId(tickOf.lane, claim.tickNumber);
  try {
    await startChild(tick, {
      workflowId,
      args: [input],
      parentClosePolicy: 'ABANDON',
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
      staticSummary: `${claim.effects.length} effects of lane ${tickOf.lane}`,
    });
  } catch (error) {
    // A claim that runs twice finds the workflow that its first run started.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/**
 * A worker that does not have the run in its cache replays all of it within one workflow task, whose timeout is 2 s: a run of
 * 2,000 events took longer than that on a busy machine, and so never got any further. 250 take a tenth of it.
 */
const MAX_HISTORY_EVENTS = 250;
const MAX_SIGNALS = 100;

const LOCAL_ACTIVITY = {
  startToCloseTimeout: '20s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumAttempts: 3 },
} as const;

const { claimTick, proveTick } = proxyLocalActivities<BookkeepingActivities>(LOCAL_ACTIVITY);

const continueAsNew = makeContinueAsNewFunc<typeof orchestrator>({ workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS });

/**
 * Looks after one lane for as long as it lives: waits for the first of the tick timer, a wake signal, a control signal
 * and the next action's time; then one local activity claims, and proves what was claimed (where effects were claimed too, they
 * are started before, and a second one proves). It ends when the lane is killed, and continues as new long before its history
 * grows large, with nothing open and its handlers finished.
 */
export async function orchestrator(input: OrchestratorInput): Promise<void> {
  const lane = new LaneOrchestrator(input);
  setHandler(wakeSignal, () => lane.wake());
  setHandler(controlSignal, () => lane.control());
  setHandler(tickUpdate, () => lane.requestTick());
  setHandler(stateQuery, () => lane.state());
  while (!lane.isKilled) {
    await lane.waitForNextLook();
    await lane.look();
    if (lane.shouldContinueAsNew()) {
      await condition(allHandlersFinished);
      await continueAsNew(lane.carriedInput());
    }
  }
  await condition(allHandlersFinished);
}

class LaneOrchestrator {
  isKilled = false;
  private readonly input: OrchestratorInput;
  private readonly schedule: Schedule;
  private token: number | null;
  private openTickId: string | null;
  private ticks: number;
  private signals = 0;
  private lastOutcome: TickSummary['outcome'] = null;
  private lastTick: TickSummary | null = null;
  private mode: ActionMode | null = null;
  private showing: Showing | undefined;
  private readonly requests: ((answer: TickAnswer) => void)[] = [];

  constructor(input: OrchestratorInput) {
    this.input = input;
    this.schedule = new Schedule(input.autonomous);
    this.token = input.carried?.token ?? null;
    this.openTickId = input.carried?.openTickId ?? null;
    this.ticks = input.carried?.ticks ?? 0;
  }

  wake(): void {
    this.signals += 1;
    this.schedule.wake();
  }

  control(): void {
    this.signals += 1;
    this.schedule.control();
  }

  /** Asks for a tick and waits for what it did. */
  requestTick(): Promise<TickAnswer> {
    if (this.isKilled) return Promise.resolve({ kind: 'quiet', outcome: 'KILLED' });
    this.schedule.request();
    return new Promise((resolve) => this.requests.push(resolve));
  }

  state(): OrchestratorState {
    return {
      lane: this.input.lane,
      autonomous: this.schedule.isAutonomous,
      token: this.token,
      ticks: this.ticks,
      lastOutcome: this.lastOutcome,
      mode: this.mode,
      lastTick: this.lastTick,
      openTickId: this.openTickId,
      waitingFor: this.schedule.waitingFor(Date.now()),
    };
  }

  async waitForNextLook(): Promise<void> {
    for (;;) {
      const plannedAtMs = this.schedule.nextLookAtMs();
      const waitMs = plannedAtMs - Date.now();
      if (waitMs <= 0) return;
      const changed = () => this.schedule.nextLookAtMs() < plannedAtMs;
      if (Number.isFinite(waitMs)) await condition(changed, waitMs);
      else await condition(changed);
    }
  }

  /** One look: a claim, and the proof of what it claimed. What fails is taken up again under the same tick id. */
  async look(): Promise<void> {
    this.schedule.begin();
    const tickId = this.openTickId ?? uuid4();
    this.openTickId = tickId;
    try {
      const startsEffects = patched('claim-starts-effects');
      const claim = await claimTick({ holder: this.holder(), tickId, startsEffects });
      this.schedule.looked(claim, Date.now());
      this.showing = claim.showing;
      if (claim.kind === 'claimed') this.mode = claim.mode;
      if (claim.kind === 'quiet') this.quiet(claim);
      else await this.goOn(tickId, claim, startsEffects);
      this.openTickId = null;
    } catch (error) {
      if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
      this.schedule.failed(Date.now());
      this.answer({ kind: 'failed', reason: error.cause?.message ?? error.message });
    }
  }

  shouldContinueAsNew(): boolean {
    if (this.isKilled || this.requests.length > 0) return false;
    const info = workflowInfo();
    return info.continueAsNewSuggested || info.historyLength > MAX_HISTORY_EVENTS || this.signals > MAX_SIGNALS;
  }

  carriedInput(): OrchestratorInput {
    return {
      lane: this.input.lane,
      autonomous: this.schedule.isAutonomous,
      carried: { token: this.token, openTickId: this.openTickId, ticks: this.ticks },
    };
  }

  private holder() {
    const info = workflowInfo();
    return {
      lane: this.input.lane,
      workflowId: info.workflowId,
      firstRunId: info.firstExecutionRunId,
      runId: info.runId,
      token: this.token,
    };
  }

  private quiet(claim: Extract<ClaimTickResult, { kind: 'quiet' }>): void {
    this.token = claim.token ?? this.token;
    this.lastOutcome = claim.outcome;
    this.isKilled = claim.outcome === 'KILLED';
    this.describe(claim.tickNumber);
    // A look that the tick interval cut short is not the tick that was asked for.
    if (claim.pacing.claimInMs > 0 && claim.outcome === 'IDLE') return;
    this.answer({ kind: 'quiet', outcome: claim.outcome });
    if (this.isKilled) while (this.requests.length > 0) this.answer({ kind: 'quiet', outcome: 'KILLED' });
  }

  private async goOn(tickId: string, claim: Claimed, startsEffects: boolean): Promise<void> {
    this.token = claim.token;
    if (!startsEffects) {
      if (claim.effects.length > 0) await startChildOfBefore(claim, { lane: this.input.lane, tickId });
      return this.prove(tickId, claim);
    }
    // Effects end by themselves. Somebody who asked for the tick is told what stands in its row.
    if (claim.claimed > claim.effects.length || this.requests.length > 0) return this.prove(tickId, claim);
    this.ticks += 1;
    this.lastOutcome = null;
    this.describe(claim.tickNumber);
  }

  private async prove(tickId: string, claim: Claimed): Promise<void> {
    const summary = claim.summary ?? (await this.askForProofs(tickId, claim));
    this.ticks += 1;
    this.lastOutcome = summary.outcome;
    this.lastTick = summary;
    this.schedule.closed(summary.nextDueInMs, Date.now());
    this.describe(claim.tickNumber);
    this.answer({ kind: 'proved', summary });
  }

  private askForProofs(tickId: string, { token, tickNumber, claimed }: Claimed): Promise<TickSummary> {
    const { lane } = this.input;
    return proveTick.executeWithOptions(
      { ...LOCAL_ACTIVITY, summary: `${tickWorkflowId(lane, tickNumber)}: ${claimed} claimed` },
      [{ lane, tickId, token }],
    );
  }

  private answer(answer: TickAnswer): void {
    const resolve = this.requests.shift();
    if (!resolve) return;
    this.schedule.served();
    resolve(answer);
  }

  private describe(tickNumber: number | null): void {
    const tick = tickNumber === null ? 'No tick yet' : `Tick ${tickNumber}: ${this.lastOutcome ?? 'open'}`;
    const { lane } = this.input;
    setCurrentDetails(`Lane **${lane}**. ${tick}. Lease token ${this.token ?? 'none'}.${laneLink(this.showing, lane)}`);
    // A lane that works is IDLE in between: telling so each time would cost an event.
    const outcome = this.lastOutcome === 'IDLE' ? 'OK' : this.lastOutcome;
    showAttributes(this.showing, { lane, mode: this.mode, outcome });
  }
}
