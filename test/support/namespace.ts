/** A Temporal namespace of its own for a test file, so that workers of two files never take each other's tasks. */

import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { connectTemporal, type TemporalGateway, type TemporalSettings } from '../../src/temporal/gateway.ts';

export interface TestNamespace {
  readonly settings: TemporalSettings;
  readonly gateway: TemporalGateway;
  close(): Promise<void>;
}

/** The server that the tests use. */
export function testTemporalAddress(): string {
  // biome-ignore lint/style/noProcessEnv: set by the global set-up
  const address = process.env.AOL_TEST_TEMPORAL_ADDRESS;
  if (!address) throw new Error('AOL_TEST_TEMPORAL_ADDRESS is not set: run the tests by `npm test`');
  return address;
}

/** Registers a namespace on the tests' server and waits until workflows can be started in it. */
export async function createTestNamespace(options: Pick<TemporalSettings, 'payloadKeys'> = {}): Promise<TestNamespace> {
  const address = testTemporalAddress();
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
  } finally {
    await connection.close();
  }
  const settings = { ...options, address, namespace };
  const gateway = connectTemporal(settings);
  for (let probe = 0; ; probe += 1) {
    const ready = await gateway
      .bounded(() =>
        gateway.client.workflow.start('probe', { taskQueue: 'probe', workflowId: 'probe', workflowRunTimeout: '1s' }),
      )
      .then(
        () => true,
        (error: Error) => (probe < 100 ? false : Promise.reject(error)),
      );
    if (ready) break;
    await delay(100);
  }
  return { settings, gateway, close: () => gateway.close() };
}
