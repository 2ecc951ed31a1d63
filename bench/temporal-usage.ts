/** What a namespace has cost Temporal: the events of all its histories, and what Temporal Cloud would bill. */

import type { Client } from '@temporalio/client';

export interface Usage {
  /** Of all runs of all workflows, whoever started them. */
  readonly events: number;
  /** Temporal Cloud's unit of price, as the server itself counts it: heartbeats, retries and queries too. */
  readonly actions: number;
}

/** The newest listed runs and counts may be a second old. */
export async function readUsage(client: Client, metricsUrl: string): Promise<Usage> {
  let events = 0;
  for await (const { workflowId, runId } of client.workflow.list()) {
    events += (await client.workflow.getHandle(workflowId, runId).describe()).historyLength;
  }
  const answer = await fetch(metricsUrl);
  if (!answer.ok) throw new Error(`Temporal's metrics: ${answer.status}`);
  return { events, actions: countActions(await answer.text(), client.options.namespace) };
}

/** Sums the server's counter `action` of one namespace over its kinds. */
export function countActions(metrics: string, namespace: string): number {
  const label = `namespace="${namespace.replaceAll(/\W/g, '_')}"`;
  return [...metrics.matchAll(/^action\{(.*)\} (\S+)$/gm)]
    .filter(([, labels]) => labels?.split(',').includes(label))
    .reduce((sum, [, , value]) => sum + Number(value), 0);
}
