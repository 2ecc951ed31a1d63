/** Heartbeats of an activity. */

import { Context, heartbeat } from '@temporalio/activity';

/** With the server's answer a kill reaches an adapter within a second. */
const HEARTBEAT_INTERVAL_MS = 500;

/**
 * Beats while the work lasts, so that a dead worker is noticed and a cancel arrives.
 *
 * @param work is told to stop what it does; or only that nobody waits for it any more (this worker is shut down, or was frozen):
 * then it ends what it has begun, and its outcome is recorded, whoever goes on
 */
export async function whileBeating<Result>(
  work: (stopped: AbortSignal, abandoned: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const timer = setInterval(() => heartbeat(), HEARTBEAT_INTERVAL_MS);
  const [stop, abandon] = [new AbortController(), new AbortController()];
  // What listens is called outside of the activity: there is no current one then.
  const activity = Context.current();
  activity.cancellationSignal.addEventListener('abort', () => {
    if (activity.cancellationDetails?.cancelRequested) stop.abort(new Error('its workflow was cancelled'));
    else abandon.abort(new Error('nobody waits for it any more'));
  });
  try {
    return await work(stop.signal, abandon.signal);
  } finally {
    clearInterval(timer);
  }
}
