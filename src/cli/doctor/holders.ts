/**
 * Whether the lanes are held by workflows of the Temporal that we reach. Two Temporals on one database fight over the leases;
 * in-memory dev servers even share one cluster id, so the holder's run is asked for, too.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../config/index.ts';
import { orchestratorWorkflowId } from '../../contracts/names.ts';
import type { QueueStatus } from '../../db/look/status.ts';
import { errorText, NotFoundError } from '../../domain/errors.ts';
import { formatLeaseOwner } from '../../domain/lease.ts';
import { connectTemporal, type TemporalGateway } from '../../temporal/gateway.ts';
import { temporalSettings } from '../settings.ts';
import { type Check, failed, passed } from './check.ts';

const LOOKS = 4;
const PAUSE_MS = 700;

/** A lease that changes hands just now is looked at again. */
export async function checkHolders(config: Config, read: () => Promise<QueueStatus>): Promise<Check> {
  const gateway = connectTemporal(temporalSettings(config));
  try {
    let strangers: string[] = [];
    for (let look = 0; look < LOOKS; look += 1) {
      if (look > 0) await delay(PAUSE_MS);
      strangers = await findStrangers(gateway, await read());
      if (strangers.length === 0) return passed('holders', 'every lease that is held belongs to this Temporal');
    }
    return failed(
      'holders',
      `held by a workflow that this Temporal does not know: ${strangers.join(', ')}. Two Temporals share this database`,
      'give each Temporal a database of its own: correct DATABASE_URL or TEMPORAL_ADDRESS, then stop the other workers',
    );
  } catch (error) {
    return failed('holders', errorText(error, 300), 'see temporal');
  } finally {
    await gateway.close();
  }
}

async function findStrangers(gateway: TemporalGateway, { lanes }: QueueStatus): Promise<string[]> {
  const held = lanes.filter(({ lease }) => lease.owner !== null && (lease.ttlMs ?? 0) > 0);
  if (held.length === 0) return [];
  const { clusterId } = await gateway.bounded(() => gateway.client.workflowService.getClusterInfo({}));
  const strangers = await Promise.all(
    held.map(async ({ lane, lease }) => {
      const workflowId = orchestratorWorkflowId(lane);
      const firstRunId = await firstRunOf(gateway, workflowId);
      const ours = { clusterId, namespace: gateway.namespace, workflowId, firstRunId };
      return lease.owner === formatLeaseOwner(ours) ? [] : [lane];
    }),
  );
  return strangers.flat();
}

async function firstRunOf(gateway: TemporalGateway, workflowId: string): Promise<string> {
  try {
    const { raw } = await gateway.bounded(() => gateway.client.workflow.getHandle(workflowId).describe());
    return raw.workflowExecutionInfo?.firstRunId ?? '';
  } catch (error) {
    if (error instanceof NotFoundError) return '';
    throw error;
  }
}
