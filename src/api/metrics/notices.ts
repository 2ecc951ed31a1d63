/** What Prometheus is told of what people should decide, and of whether they are told. */

import { Gauge, type Registry } from 'prom-client';
import type { NoticeDestinationStatus } from '../../contracts/http/notice.ts';
import type { ApprovalAges } from '../../db/look/notices.ts';

/** Registers the gauges; what it answers shows what was read in them. */
export function noticeMetrics(
  registry: Registry,
): (destinations: readonly NoticeDestinationStatus[], approvals: readonly ApprovalAges[]) => void {
  const registers = [registry];
  const waiting = new Gauge({
    name: 'aol_notices_waiting',
    help: 'Notices that wait for the next message of a destination.',
    labelNames: ['destination'],
    registers,
  });
  const failing = new Gauge({
    name: 'aol_notices_failing_seconds',
    help: 'For how long a message could not be brought to a destination; 0 when none is held up.',
    labelNames: ['destination'],
    registers,
  });
  const oldest = new Gauge({
    name: 'aol_approvals_oldest_wait_seconds',
    help: 'How long the approval that waits longest has waited, where one waits.',
    labelNames: ['lane'],
    registers,
  });
  const expiry = new Gauge({
    name: 'aol_approvals_first_expiry_seconds',
    help: 'Time until the first approval that waits runs out, where one waits.',
    labelNames: ['lane'],
    registers,
  });
  return (destinations, approvals) => {
    for (const gauge of [waiting, failing, oldest, expiry]) gauge.reset();
    for (const { destination, waiting: count, failing: problem } of destinations) {
      waiting.set({ destination }, count);
      failing.set(
        { destination },
        problem === null ? 0 : Math.max(0, (Date.now() - Date.parse(problem.since)) / 1_000),
      );
    }
    for (const { lane, oldestSeconds, firstExpirySeconds } of approvals) {
      oldest.set({ lane }, oldestSeconds);
      if (firstExpirySeconds !== null) expiry.set({ lane }, firstExpirySeconds);
    }
  };
}
