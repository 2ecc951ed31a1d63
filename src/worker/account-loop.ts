/** Looks after the accounts each second, while the worker runs. */

import { setTimeout as delay } from 'node:timers/promises';
import { errorText } from '../domain/errors.ts';
import { SUPERVISOR_INTERVAL_MS } from '../domain/limits.ts';
import type { WorkerLog } from './log.ts';

/** Runs until the signal aborts; never throws. What is away is said once, not each second. */
export async function lookAfterAccounts(
  { look }: { look(): Promise<void> },
  log: WorkerLog,
  signal: AbortSignal,
): Promise<void> {
  let problem: string | undefined;
  while (!signal.aborted) {
    try {
      await look();
      problem = undefined;
    } catch (error) {
      const text = errorText(error, 300);
      if (text !== problem) log.warn({ error: text }, 'the accounts cannot be looked after');
      problem = text;
    }
    await delay(SUPERVISOR_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}
