/** `--wait`: follows an action until it has ended, or until only a person can go on. */

import { setTimeout as delay } from 'node:timers/promises';
import type { AolClient } from '../client/client.ts';
import type { Action } from '../contracts/http/action.ts';
import { knownWord } from '../contracts/words.ts';
import { ACTION_STATUSES, type ActionStatus } from '../domain/states.ts';
import { type CliContext, ExitCode } from './context.ts';
import { describeFailure } from './errors.ts';
import { logLine } from './follow-logs.ts';
import { withProgress } from './terminal/progress.ts';

/** So often it looks at least: the log tells of what changes no status, too. */
const ONE_WAIT_MS = 5_000;
/** While the server is away. */
const AWAY_MS = 500;
const LOG_PAGE = 200;

/** What an action that stands still means for the exit code; the others go on by themselves. */
const ENDS: Partial<Record<ActionStatus, ExitCode>> = {
  SUCCESS: ExitCode.ok,
  DLQ: ExitCode.failed,
  CANCELLED: ExitCode.failed,
  UNCONFIRMED: ExitCode.unfinished,
  AWAITING_APPROVAL: ExitCode.unfinished,
};

/** Tells each row of its log on the way. A server that is away for a moment is waited for. */
export async function waitForEnd(
  { io, json }: CliContext,
  client: AolClient,
  queued: Action,
  timeoutMs: number | undefined,
): Promise<{ readonly action: Action; readonly exitCode: ExitCode }> {
  const startedAt = performance.now();
  let action = queued;
  let lastLog = 0;
  let lastPage: string | undefined;
  const look = async (say: (text: string) => void): Promise<void> => {
    try {
      // First, so that the log below has everything that led there.
      const now = await client.getAction(queued.id);
      for (let next: string | null | undefined = lastPage; next !== null; ) {
        lastPage = next;
        const page = await client.getLogs(queued.id, { limit: LOG_PAGE, cursor: lastPage });
        for (const entry of page.items.filter(({ id }) => id > lastLog)) {
          lastLog = entry.id;
          say(json ? JSON.stringify({ log: entry }) : logLine(entry, false));
        }
        next = page.nextCursor;
      }
      action = now;
    } catch (error) {
      if (describeFailure(error).exitCode !== ExitCode.unavailable) throw error;
    }
  };
  /** Until the status is another one; a server that is away is asked again. */
  const pause = async (longestMs: number): Promise<void> => {
    const options = { untilEnd: false, seen: action.status, timeoutMs: longestMs, signal: io.signal };
    await client.wait(queued.id, options).catch(async (error: unknown) => {
      if (io.signal?.aborted) return;
      if (describeFailure(error).exitCode !== ExitCode.unavailable) throw error;
      await delay(Math.min(AWAY_MS, longestMs), undefined, { signal: io.signal }).catch(() => undefined);
    });
  };
  return withProgress(io, `waiting for ${queued.id}`, async ({ say }) => {
    for (;;) {
      const known = action.status;
      await look(say);
      const status = knownWord(ACTION_STATUSES, action.status);
      const exitCode = status && ENDS[status];
      if (exitCode !== undefined) return { action, exitCode };
      if (io.signal?.aborted) return { action, exitCode: ExitCode.interrupted };
      const leftMs = timeoutMs === undefined ? ONE_WAIT_MS : timeoutMs - (performance.now() - startedAt);
      if (leftMs <= 0) return { action, exitCode: ExitCode.unfinished };
      if (action.status === known) await pause(Math.min(leftMs, ONE_WAIT_MS));
    }
  });
}
