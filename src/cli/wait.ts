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

const FIRST_LOOK_MS = 100;
const MAX_LOOK_MS = 1_000;
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
  return withProgress(io, `waiting for ${queued.id}`, async ({ say }) => {
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(MAX_LOOK_MS, pauseMs * 1.5)) {
      await look(say);
      const status = knownWord(ACTION_STATUSES, action.status);
      const exitCode = status && ENDS[status];
      if (exitCode !== undefined) return { action, exitCode };
      if (io.signal?.aborted) return { action, exitCode: ExitCode.interrupted };
      const leftMs = timeoutMs === undefined ? pauseMs : timeoutMs - (performance.now() - startedAt);
      if (leftMs <= 0) return { action, exitCode: ExitCode.unfinished };
      await delay(Math.min(pauseMs, leftMs), undefined, { signal: io.signal }).catch(() => undefined);
    }
  });
}
