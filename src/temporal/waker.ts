/** Signals to orchestrators. They are a courtesy: the supervisor finds the row, and every claim reads the flags. */

import { setTimeout as delay } from 'node:timers/promises';
import type { ControlChange } from '../contracts/engine/orchestrator.ts';
import { CONTROL_SIGNAL, orchestratorWorkflowId, WAKE_SIGNAL } from '../contracts/names.ts';
import { errorText } from '../domain/errors.ts';

export interface Waker {
  /** Something became due in a lane. Returns at once. */
  wake(lane: string): void;
  /** A flag of these lanes changed, `killed` among them or not. Returns at once. */
  signalControl(lanes: readonly string[], change?: ControlChange): void;
  /** Resolves when nothing is in flight; for an orderly end. */
  settled(): Promise<void>;
}

export interface WakerOptions {
  signal(workflowId: string, signalName: string, args?: readonly unknown[]): Promise<void>;
  /** Told about signals that did not arrive. */
  readonly onLost?: (lane: string, reason: string) => void;
}

/** An orchestrator that is signalled without a pause never finds the moment to continue as new. */
const SPACING_MS = 50;

/**
 * Coalesces per lane and signal: the first one is sent at once; what comes until shortly after becomes one more.
 * So a storm of enqueues or of control calls never fills an orchestrator's history.
 */
export function createWaker(options: WakerOptions): Waker {
  const inFlight = new Map<string, { again: boolean; readonly done: Promise<void> }>();

  const send = (lane: string, signalName: string, args: readonly unknown[] = []): void => {
    const key = `${signalName}/${JSON.stringify(args)}/${lane}`;
    const current = inFlight.get(key);
    if (current) {
      current.again = true;
      return;
    }
    const done = options
      .signal(orchestratorWorkflowId(lane), signalName, args)
      .catch((error: unknown) => options.onLost?.(lane, errorText(error, 300)))
      .then(() => delay(SPACING_MS))
      .finally(() => {
        const again = inFlight.get(key)?.again ?? false;
        inFlight.delete(key);
        if (again) send(lane, signalName, args);
      });
    inFlight.set(key, { again: false, done });
  };

  return {
    wake: (lane) => send(lane, WAKE_SIGNAL),
    signalControl: (lanes, change) => {
      for (const lane of lanes) send(lane, CONTROL_SIGNAL, change ? [change] : []);
    },
    async settled() {
      while (inFlight.size > 0) await Promise.all([...inFlight.values()].map(({ done }) => done));
    },
  };
}
