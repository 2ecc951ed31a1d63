import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ClaimTickResult, Pacing } from '../../src/contracts/engine/activities.ts';
import { Schedule } from '../../src/workflows/schedule.ts';
import { claimed } from '../support/scripted-lane.ts';

const NOW = 1_000_000;
const quiet = (pacing: Partial<Pacing>, retryInMs: number | null = 60_000): ClaimTickResult => ({
  kind: 'quiet',
  outcome: 'IDLE',
  token: 1,
  tickNumber: 1,
  retryInMs,
  openTicks: [],
  pacing: { claimInMs: 0, nextDueInMs: null, ...pacing },
});

let schedule: Schedule;
const inMs = () => schedule.nextLookAtMs() - NOW;
const look = (result: ClaimTickResult) => {
  schedule.begin();
  schedule.looked(result, NOW);
};

describe('an autonomous lane looks', () => {
  beforeEach(() => {
    schedule = new Schedule(true);
  });

  test('at once when it begins', () => {
    expect(inMs()).toBeLessThanOrEqual(0);
  });

  test('at its heartbeat when nothing is due', () => {
    look(quiet({}));
    expect(inMs()).toBe(60_000);
  });

  test('when the next action is due', () => {
    look(quiet({ nextDueInMs: 7_000 }));
    expect(inMs()).toBe(7_000);
  });

  test('at once when woken, but not before the tick interval has passed', () => {
    look(quiet({}));
    schedule.wake();
    expect(inMs()).toBeLessThanOrEqual(0);
    look(quiet({ claimInMs: 4_000, nextDueInMs: 0 }));
    expect(inMs()).toBe(4_000);
    schedule.wake();
    expect(inMs()).toBe(4_000);
  });

  test('at once after a control signal, tick interval or not', () => {
    look(quiet({ claimInMs: 4_000, nextDueInMs: 0 }));
    schedule.control();
    expect(inMs()).toBeLessThanOrEqual(0);
  });

  test('for room when as many run as may, and at once when an effect’s end has woken it', () => {
    look({ ...claimed(0, 0), pacing: { claimInMs: 0, nextDueInMs: 0, isFull: true } });
    expect(inMs()).toBe(500);
    schedule.wake();
    expect(inMs()).toBeLessThanOrEqual(0);
    look({ ...claimed(0, 0), pacing: { claimInMs: 4_000, nextDueInMs: 0, isFull: true } });
    expect(inMs()).toBe(4_000);
  });

  test('not in a tight circle when what is due cannot be claimed', () => {
    look(quiet({ nextDueInMs: 0 }));
    expect(inMs()).toBe(500);
  });

  test('later and later while looking fails, until it succeeds or is woken', () => {
    const waits: number[] = [];
    for (let failure = 0; failure < 8; failure += 1) {
      schedule.begin();
      schedule.failed(NOW);
      waits.push(inMs());
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    schedule.wake();
    expect(inMs()).toBeLessThanOrEqual(0);
    look(quiet({}));
    schedule.failed(NOW);
    expect(inMs()).toBe(1_000);
  });
});

describe('a lane that ticks when asked', () => {
  beforeEach(() => {
    schedule = new Schedule(false);
  });

  test('waits until it is asked, and for the tick interval', () => {
    expect(schedule.nextLookAtMs()).toBe(Number.POSITIVE_INFINITY);
    expect(schedule.waitingFor(NOW)).toBe('a tick to be asked for');
    schedule.request();
    expect(inMs()).toBeLessThanOrEqual(0);
    look(quiet({ claimInMs: 3_000, nextDueInMs: 0 }));
    expect(inMs()).toBe(3_000);
    schedule.served();
    expect(schedule.nextLookAtMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('becomes autonomous by a wake signal', () => {
    schedule.wake();
    expect(schedule.isAutonomous).toBe(true);
    expect(inMs()).toBeLessThanOrEqual(0);
  });
});
