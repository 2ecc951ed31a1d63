/**
 * A worker process' own metrics. They go the way of the Temporal SDK's (its Runtime serves them all on one address), and cost
 * nothing where that is off. Their names differ from the API's, which are of the queue as a whole.
 */

import { type MetricHistogram, type MetricMeter, type MetricTags, noopMetricMeter } from '@temporalio/common';
import type { TickSummary } from '../contracts/engine/activities.ts';

export interface WorkerMetrics {
  /** A claim or a proof of a tick. */
  tickStep(step: 'claim' | 'prove', lane: string, durationMs: number): void;
  /** A look that claimed nothing. */
  quietTick(lane: string, outcome: string): void;
  /** How a proof ended. It is told with the end of its tick. */
  proof(proof: { readonly lane: string; readonly type: string; readonly outcome: string }): void;
  /** A tick of effects alone began; nothing of it is proved. */
  effectsTick(lane: string): void;
  /** The proofs of a tick are done. A tick with effects is still open then. */
  provedTick(lane: string, summary: TickSummary): void;
  /** How an effect's attempt ended. */
  attempt(attempt: {
    readonly lane: string;
    readonly type: string;
    readonly outcome: string;
    readonly durationMs: number;
  }): void;
  /** What the gate answered. */
  gate(answer: string, durationMs: number): void;
  /** Effects at work were told to stop, this long after the flag was committed. */
  killSeen(lane: string, sinceKillMs: number): void;
  /** An artifact could not be stored. */
  artifactFailed(): void;
  /** How an attempt of a notice's message ended. */
  notice(destination: string, outcome: string): void;
  /** The process itself, sampled. */
  process(sample: { readonly residentBytes: number; readonly eventLoopDelaySeconds: number }): void;
}

/** Bounds of the histograms below, in seconds, for the Runtime that serves them. */
export const WORKER_HISTOGRAM_BUCKETS: Readonly<Record<string, number[]>> = {
  aol_worker_tick_step_duration_seconds: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  aol_worker_effect_duration_seconds: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
  aol_worker_gate_duration_seconds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  aol_worker_kill_to_abort_seconds: [0.05, 0.1, 0.25, 0.5, 0.75, 1, 2, 5],
};

export function createWorkerMetrics(meter: MetricMeter = noopMetricMeter): WorkerMetrics {
  const counter = (name: string, help: string) => meter.createCounter(name, undefined, help);
  const gauge = (name: string, help: string) => meter.createGauge(name, 'float', undefined, help);
  const seconds = (name: string, help: string): MetricHistogram =>
    meter.createHistogram(name, 'float', undefined, help);

  const ticks = counter(
    'aol_worker_ticks_total',
    'Looks of this worker that claimed nothing, and ticks that it proved.',
  );
  const step = seconds('aol_worker_tick_step_duration_seconds', 'A claim, or the proofs of a tick.');
  const attempts = counter('aol_worker_attempts_total', 'Attempts that ended in this worker, proofs and effects.');
  const effect = seconds('aol_worker_effect_duration_seconds', 'Performing an effect.');
  const gate = seconds('aol_worker_gate_duration_seconds', 'Asking the gate.');
  const kill = seconds('aol_worker_kill_to_abort_seconds', 'From the commit of kill until effects at work are told.');
  const artifacts = counter('aol_worker_artifact_failures_total', 'Artifacts that could not be stored.');
  const notices = counter('aol_worker_notices_total', 'Attempts of messages to people, by kind of destination.');
  const resident = gauge('aol_worker_resident_memory_bytes', 'Memory of the process that is resident.');
  const delay = gauge('aol_worker_event_loop_delay_seconds', 'How late the event loop was, 99th percentile of 10 s.');
  // There from the start: an alert on an increase needs the zero before.
  artifacts.add(0);

  // Proofs are many, and adding to a counter is a call into native code: it is done once for all that are alike.
  const proofs = new Map<string, { readonly labels: MetricTags; count: number }>();
  return {
    tickStep: (name, lane, durationMs) => step.record(durationMs / 1_000, { lane, step: name }),
    quietTick: (lane, outcome) => ticks.add(1, { lane, outcome }),
    effectsTick: (lane) => ticks.add(1, { lane, outcome: 'RUNNING' }),
    provedTick(lane, summary) {
      ticks.add(1, { lane, outcome: summary.outcome ?? 'RUNNING' });
      for (const { labels, count } of proofs.values()) attempts.add(count, labels);
      proofs.clear();
    },
    proof({ lane, type, outcome }) {
      const key = `${lane}/${type}/${outcome}`;
      const alike = proofs.get(key) ?? { labels: { lane, mode: 'PROOF', type, outcome }, count: 0 };
      alike.count += 1;
      proofs.set(key, alike);
    },
    attempt({ lane, type, outcome, durationMs }) {
      attempts.add(1, { lane, mode: 'REAL', type, outcome });
      effect.record(durationMs / 1_000, { type, outcome });
    },
    gate: (answer, durationMs) => gate.record(durationMs / 1_000, { answer }),
    killSeen: (lane, sinceKillMs) => kill.record(sinceKillMs / 1_000, { lane }),
    artifactFailed: () => artifacts.add(1),
    notice: (destination, outcome) => notices.add(1, { destination, outcome }),
    process({ residentBytes, eventLoopDelaySeconds }) {
      resident.set(residentBytes);
      delay.set(eventLoopDelaySeconds);
    },
  };
}
