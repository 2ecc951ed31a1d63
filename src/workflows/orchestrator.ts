/** A lane's scheduler. */

import {
  allHandlersFinished,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  makeContinueAsNewFunc,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  TemporalFailure,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { BookkeepingActivities, ClaimTickResult, Showing, TickSummary } from '../contracts/engine/activities.ts';
import type {
  ControlChange,
  OrchestratorInput,
  OrchestratorState,
  TickAnswer,
} from '../contracts/engine/orchestrator.ts';
import { tickWorkflowId, WORKFLOW_TASK_TIMEOUT_MS } from '../contracts/names.ts';
import type { ActionMode } from '../domain/states.ts';
import { controlSignal, stateQuery, tickUpdate, wakeSignal } from './messages.ts';
import { Schedule } from './schedule.ts';
import { laneLink, showAttributes } from './temporal-display.ts';

type Claimed = Extract<ClaimTickResult, { kind: 'claimed' }>;

/**
 * A worker that does not have the run in its cache replays all of it within one workflow task, whose timeout is 2 s: a run of
 * 2,000 events took longer than that on a busy machine, and so never got any further. 250 take a tenth of it.
 */
const MAX_HISTORY_EVENTS = 250;
const MAX_SIGNALS = 100;
/** So many ticks are cancelled by a kill; the flag stops the effects of all. */
const MOST_OPEN_TICKS = 200;

const LOCAL_ACTIVITY = {
  startToCloseTimeout: '20s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumAttempts: 3 },
} as const;

const { claimTick, proveTick } = proxyLocalActivities<BookkeepingActivities>(LOCAL_ACTIVITY);

const continueAsNew = makeContinueAsNewFunc<typeof orchestrator>({ workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS });

/**
 * Looks after one lane for as long as it lives: waits for the first of the tick timer, a wake signal, a control signal
 * and the next action's time; then one local activity claims, begins the effects of what it claimed, and proves the rest. It ends when
 * the lane is killed, after it has cancelled the ticks whose effects are at work, and continues as new long before its history grows
 * large, with nothing open and its handlers finished.
 */
export async function orchestrator(input: OrchestratorInput): Promise<void> {
  const lane = new LaneOrchestrator(input);
  setHandler(wakeSignal, () => lane.wake());
  setHandler(controlSignal, (change) => lane.control(change));
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
  private openTicks: readonly number[] = [];
  /** The timers that run, and when they end: a wait begins one only where none ends in time. */
  private readonly timersAtMs = new Set<number>();
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

  /**
   * A kill stops effects at work also where the worker's database is silent. The look comes after it: what a workflow asks for waits
   * until the local activities of the same task have ended, and that of the look would hang.
   */
  async control(change: ControlChange | undefined): Promise<void> {
    this.signals += 1;
    if (change?.killed && this.openTicks.length > 0) await this.cancelOpenTicks();
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
    const isTime = () => this.schedule.nextLookAtMs() <= Date.now();
    while (!isTime()) {
      const plannedAtMs = this.schedule.nextLookAtMs();
      const isTimed = () => !Number.isFinite(plannedAtMs) || [...this.timersAtMs].some((atMs) => atMs <= plannedAtMs);
      if (!isTimed()) this.beginTimer(plannedAtMs);
      await condition(() => isTime() || this.schedule.nextLookAtMs() < plannedAtMs || !isTimed());
    }
  }

  /** A timer that was begun is left to end, also when a signal came first: to cancel it and begin the next costs two events a tick. */
  private beginTimer(atMs: number): void {
    this.timersAtMs.add(atMs);
    void sleep(Math.max(1, atMs - Date.now())).then(
      () => this.timersAtMs.delete(atMs),
      () => undefined,
    );
  }

  /** One look: a claim, and the proof of what it claimed. What fails is taken up again under the same tick id. */
  async look(): Promise<void> {
    this.schedule.begin();
    const tickId = this.openTickId ?? uuid4();
    this.openTickId = tickId;
    try {
      const claim = await claimTick({ holder: this.holder(), tickId });
      this.schedule.looked(claim, Date.now());
      this.showing = claim.showing;
      this.openTicks = claim.openTicks;
      if (claim.kind === 'claimed') await this.goOn(tickId, claim);
      else await this.quiet(claim);
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
      runStartedAtMs: info.startTime.getTime(),
      token: this.token,
    };
  }

  private async quiet(claim: Extract<ClaimTickResult, { kind: 'quiet' }>): Promise<void> {
    this.token = claim.token ?? this.token;
    this.lastOutcome = claim.outcome;
    this.isKilled = claim.outcome === 'KILLED';
    this.describe(claim.tickNumber);
    // A look that the tick interval cut short is not the tick that was asked for.
    if (claim.pacing.claimInMs > 0 && claim.outcome === 'IDLE') return;
    this.answer({ kind: 'quiet', outcome: claim.outcome });
    if (!this.isKilled) return;
    while (this.requests.length > 0) this.answer({ kind: 'quiet', outcome: 'KILLED' });
    await this.cancelOpenTicks();
  }

  private async goOn(tickId: string, claim: Claimed): Promise<void> {
    this.token = claim.token;
    this.mode = claim.mode;
    if (claim.effects.length > 0) this.openTicks = [...this.openTicks, claim.tickNumber].slice(-MOST_OPEN_TICKS);
    // Effects end by themselves. Somebody who asked for the tick is told what stands in its row.
    if (claim.summary || claim.claimed > claim.effects.length || this.requests.length > 0) {
      return this.prove(tickId, claim);
    }
    this.ticks += 1;
    this.lastOutcome = null;
    this.describe(claim.tickNumber);
  }

  /** Their effects learn of it on a heartbeat. One that has ended is not there any more. */
  private async cancelOpenTicks(): Promise<void> {
    const ticks = this.openTicks;
    this.openTicks = [];
    const cancels = ticks.map((number) =>
      getExternalWorkflowHandle(tickWorkflowId(this.input.lane, number))
        .cancel()
        .catch(() => undefined),
    );
    await Promise.all(cancels);
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
