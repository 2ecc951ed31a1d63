/** `/v1/status`, once for the whole page: the bar, the badges and the start page read it. */

import { computed } from '@preact/signals';
import type { LaneStatus, Status } from '../../src/contracts/http/status.ts';
import { now } from './clock.ts';
import { connection, listen } from './live.ts';
import { Reader } from './resource.ts';
import { client } from './session.ts';

/** Ages and the lease's time move without a row of the log. */
const EVERY_MS = 3_000;
const STALE_AFTER_MS = 10_000;

const reader = new Reader<Status>();
reader.load = () => client.status();

export const status = computed(() => reader.state.value.data);
export const statusError = computed(() => reader.state.value.error);
export const statusAt = computed(() => reader.state.value.loadedAt);
export const reloadStatus = reader.reload;

/** How old what is shown is, once it is too old to be trusted or the stream is lost; else undefined. */
export const staleMs = computed(() => {
  const at = statusAt.value;
  if (at === undefined) return undefined;
  const ageMs = now.value - at;
  const isLost = connection.value === 'lost' && statusError.value !== undefined;
  return isLost || ageMs > STALE_AFTER_MS ? Math.max(0, ageMs) : undefined;
});

/** Keeps the status fresh until the returned function is called. */
export function followStatus(): () => void {
  reader.ask('status');
  const stopListening = listen((entries) => reader.hear(entries));
  const timer = setInterval(() => reader.refresh(), EVERY_MS);
  return () => {
    stopListening();
    clearInterval(timer);
    reader.stop();
  };
}

export type Stopped = 'killed' | 'paused';

/** Whether all lanes are stopped, and how. A mix of killed and paused lanes counts as paused. */
export const allStopped = computed<Stopped | undefined>(() => {
  const lanes = status.value?.lanes ?? [];
  if (lanes.length === 0) return undefined;
  if (lanes.every((lane) => lane.flags.killed === true)) return 'killed';
  return lanes.every((lane) => stoppedOf(lane) !== undefined) ? 'paused' : undefined;
});

export function stoppedOf(lane: LaneStatus): Stopped | undefined {
  if (lane.flags.killed === true) return 'killed';
  return lane.flags.paused === true ? 'paused' : undefined;
}

export const totals = computed(() => {
  const sums: Record<string, number> = {};
  for (const { counts } of status.value?.lanes ?? []) {
    for (const [name, value] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
});

/** How much waits for a person. */
export const decisionsWaiting = computed(() => {
  const { AWAITING_APPROVAL = 0, UNCONFIRMED = 0, DLQ = 0 } = totals.value;
  return AWAITING_APPROVAL + UNCONFIRMED + DLQ;
});
