/** The SDK's own messages go the way of ours: once per process, before the first worker. */

import { DefaultLogger, type LogEntry, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { WorkerLog } from './log.ts';

/** The effects' worker has no workflows, on purpose. */
const EXPECTED = 'No workflows registered';

/** Sends what Temporal's SDK says, from warnings up, to our log. The state changes of workers are not news to operators. */
export function installRuntime(log: WorkerLog): void {
  const logger = new DefaultLogger('WARN', ({ level, message, meta }: LogEntry) => {
    if (message.startsWith(EXPECTED)) return;
    const write = level === 'ERROR' ? log.error : log.warn;
    write.call(log, { sdk: { ...meta } }, message);
  });
  Runtime.install({
    logger,
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } },
  });
}
