/** When an orchestrator looks next: pure, so that it can be tested without a server. All times in milliseconds. */

import type { ClaimTickResult, Pacing } from '../contracts/engine/activities.ts';
import { IDLE_HEARTBEAT_MS } from '../domain/limits.ts';

/**
 * After a look that could claim nothing of what is due: rows that somebody holds, or no room. Room is told by a wake when
 * effects end; this is for wakes that were lost.
 */
const BLOCKED_DELAY_MS = 500;
/** After a failed look; a wake signal comes sooner. */
const FIRST_FAILURE_DELAY_MS = 1_000;

export class Schedule {
  /** The tick interval allows no claim before. */
  private claimAtMs = 0;
  /** When something becomes due by itself. */
  private dueAtMs = Number.POSITIVE_INFINITY;
  /** When to look whatever happens: heartbeat, retry. */
  private lookAtMs = 0;
  private failures = 0;
  /** A flag changed: look now, tick interval or not, so that kill and resume work at once. */
  private controlled = false;
  /** Something may have become due. */
  private woken = false;
  /** Ticks that somebody asked for and waits for. */
  private requested = 0;
  private autonomous: boolean;

  constructor(autonomous: boolean) {
    this.autonomous = autonomous;
  }

  get isAutonomous(): boolean {
    return this.autonomous;
  }

  wake(): void {
    this.woken = true;
    this.autonomous = true;
  }

  control(): void {
    this.controlled = true;
  }

  request(): void {
    this.requested += 1;
  }

  /** The moment of the next look. In the past or now: at once. */
  nextLookAtMs(): number {
    if (this.controlled) return 0;
    const asked = this.requested > 0 ? this.claimAtMs : Number.POSITIVE_INFINITY;
    if (!this.autonomous) return asked;
    const due = this.woken ? this.claimAtMs : Math.max(this.dueAtMs, this.claimAtMs);
    return Math.min(asked, due, this.lookAtMs);
  }

  /** A look begins: what was asked for up to now is served by it. */
  begin(): void {
    this.controlled = false;
    this.woken = false;
  }

  /** What a look found. */
  looked(result: ClaimTickResult, nowMs: number): void {
    this.failures = 0;
    this.lookAtMs = nowMs + ((result.kind === 'quiet' ? result.retryInMs : null) ?? IDLE_HEARTBEAT_MS);
    this.pace(result.pacing, nowMs);
    const { isFull = false, claimInMs, nextDueInMs } = result.pacing;
    if (nextDueInMs === 0 && (isFull || (result.kind === 'quiet' && claimInMs === 0))) {
      this.dueAtMs = nowMs + BLOCKED_DELAY_MS;
    }
  }

  /** A tick ended; what is due may have changed since its claim. */
  closed(nextDueInMs: number | null, nowMs: number): void {
    this.dueAtMs = nextDueInMs === null ? Number.POSITIVE_INFINITY : nowMs + nextDueInMs;
  }

  /** A look or a tick failed: again after a while, longer each time. */
  failed(nowMs: number): void {
    this.failures += 1;
    const delayMs = Math.min(IDLE_HEARTBEAT_MS, FIRST_FAILURE_DELAY_MS * 2 ** (this.failures - 1));
    this.lookAtMs = nowMs + delayMs;
    this.dueAtMs = Number.POSITIVE_INFINITY;
  }

  served(): void {
    this.requested = Math.max(0, this.requested - 1);
  }

  waitingFor(nowMs: number): string {
    const inMs = this.nextLookAtMs() - nowMs;
    if (!Number.isFinite(inMs)) return 'a tick to be asked for';
    return this.failures > 0 ? `another try in ${inMs} ms` : `the next look in ${Math.max(0, inMs)} ms, or a signal`;
  }

  private pace(pacing: Pacing, nowMs: number): void {
    this.claimAtMs = nowMs + pacing.claimInMs;
    this.dueAtMs = pacing.nextDueInMs === null ? Number.POSITIVE_INFINITY : nowMs + pacing.nextDueInMs;
  }
}
