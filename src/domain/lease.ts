/** The lease of a lane: who owns it, how long it lasts, how healthy it is. */

import { BUSY_HEARTBEAT_MS, IDLE_HEARTBEAT_MS, LEASE_HEARTBEATS } from './limits.ts';

export interface LeaseOwner {
  readonly clusterId: string;
  readonly namespace: string;
  readonly workflowId: string;
  /** The first run of the chain: it stays the same over continue-as-new. */
  readonly firstRunId: string;
}

/** The owner as it stands in `aol_lease.owner`. */
export function formatLeaseOwner(owner: LeaseOwner): string {
  return `${leaseLineage(owner)}${owner.firstRunId}`;
}

/**
 * What two runs of the same workflow id on the same cluster share. Temporal lets only one of them live, so
 * a new run takes the lease of an older one over at once; anybody else waits for its expiry.
 */
export function leaseLineage(owner: LeaseOwner): string {
  return `${owner.clusterId}/${owner.namespace}/${owner.workflowId}/`;
}

/**
 * The heartbeat in force: a lane with work renews at every tick, so at its tick interval within 5 and 60 s; an idle one
 * each 60 s.
 */
export function heartbeatMs(lane: { readonly hasWork: boolean; readonly tickIntervalMs: number }): number {
  if (!lane.hasWork) return IDLE_HEARTBEAT_MS;
  return Math.min(IDLE_HEARTBEAT_MS, Math.max(BUSY_HEARTBEAT_MS, lane.tickIntervalMs));
}

/** A lease outlives three heartbeats. */
export function leaseTtlMs(lane: { readonly hasWork: boolean; readonly tickIntervalMs: number }): number {
  return LEASE_HEARTBEATS * heartbeatMs(lane);
}

export const LEASE_HEALTHS = ['GREEN', 'AMBER', 'RED'] as const;
export type LeaseHealth = (typeof LEASE_HEALTHS)[number];

/**
 * GREEN: held and not late, or there is nothing to be late with. AMBER: late by more than one heartbeat while work is due. RED: expired
 * while work is due, or no worker.
 *
 * @param ttlMs time until expiry by the database's clock, negative when expired, null when nobody holds it
 * @param termMs the length that the last renewal gave it, so that lateness can be told from it
 */
export function leaseHealth(lease: {
  readonly ttlMs: number | null;
  readonly termMs: number;
  /** Something may be claimed now: due, in a lane that is neither paused nor killed. */
  readonly workIsDue: boolean;
  readonly workers: number;
}): LeaseHealth {
  if (lease.workers === 0) return 'RED';
  if (!lease.workIsDue) return 'GREEN';
  if (lease.ttlMs === null || lease.ttlMs <= 0) return 'RED';
  const sinceRenewalMs = lease.termMs - lease.ttlMs;
  const lateMs = sinceRenewalMs - lease.termMs / LEASE_HEARTBEATS;
  return lateMs > lease.termMs / LEASE_HEARTBEATS ? 'AMBER' : 'GREEN';
}
