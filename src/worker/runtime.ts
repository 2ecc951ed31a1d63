/** What a process has once for all its workers: the SDK's own messages go the way of ours, and metrics are served. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import {
  DefaultLogger,
  type LogEntry,
  makeTelemetryFilterString,
  Runtime,
  type TelemetryOptions,
} from '@temporalio/worker';
import { ConfigurationError, errorText } from '../domain/errors.ts';
import { createWorkerMetrics, WORKER_HISTOGRAM_BUCKETS, type WorkerMetrics } from '../observability/worker-metrics.ts';
import type { WorkerLog } from './log.ts';

/**
 * Once per process, before the first worker. Sends what Temporal's SDK says, from warnings up, to our log: the state changes of
 * workers are not news to operators. Serves the SDK's metrics and ours at an address, if there is one.
 *
 * @throws ConfigurationError when that address is taken
 */
export function installRuntime(log: WorkerLog, metricsAddress?: string): WorkerMetrics {
  const logger = new DefaultLogger('WARN', ({ level, message, meta }: LogEntry) => {
    const write = level === 'ERROR' ? log.error : log.warn;
    write.call(log, { sdk: { ...meta } }, message);
  });
  const logging = { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) };
  if (metricsAddress === undefined) {
    Runtime.install({ logger, telemetryOptions: { logging } });
    return createWorkerMetrics();
  }
  try {
    Runtime.install({ logger, telemetryOptions: { logging, metrics: metricsAt(metricsAddress) } });
  } catch (error) {
    throw new ConfigurationError('AOL_WORKER_METRICS', `${metricsAddress} cannot be used: ${errorText(error)}`, {
      cause: error,
    });
  }
  const metrics = createWorkerMetrics(Runtime.instance().metricMeter);
  watchProcess(metrics);
  return metrics;
}

function metricsAt(bindAddress: string): NonNullable<TelemetryOptions['metrics']> {
  return {
    attachServiceName: false,
    prometheus: {
      bindAddress,
      unitSuffix: true,
      useSecondsForDurations: true,
      histogramBucketOverrides: { ...WORKER_HISTOGRAM_BUCKETS },
    },
  };
}

const SAMPLE_INTERVAL_MS = 10_000;

/** Samples the process for as long as it lives, without keeping it alive. */
function watchProcess(metrics: WorkerMetrics): void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const sample = () => {
    metrics.process({
      residentBytes: process.memoryUsage.rss(),
      eventLoopDelaySeconds: Number.isFinite(delay.percentile(99)) ? delay.percentile(99) / 1e9 : 0,
    });
    delay.reset();
  };
  sample();
  setInterval(sample, SAMPLE_INTERVAL_MS).unref();
}
