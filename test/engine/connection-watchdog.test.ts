/** The worker's own connection to Temporal goes silent, and nobody closes it: half-open, as behind a lost firewall state. */

import { afterAll, beforeAll, test } from '@jest/globals';
import { startProxy, type TcpProxy } from '../faults/support/proxy.ts';
import { createRandom } from '../faults/support/random.ts';
import { setFlag } from '../support/engine.ts';
import { testTemporalAddress } from '../support/namespace.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

/**
 * The SDK alone takes 45 s. Beside the 4 s or so that it takes to notice, polls that hang on the old connection may swallow a
 * task or two, each for 2 s, and a busy machine takes its time. The fault suite measures it (F-07-temporal).
 */
const RECOVERY_MS = 35_000;

let stack: TestStack;
let proxy: TcpProxy;

beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  proxy = await startProxy(Number(testTemporalAddress().split(':').at(-1)), createRandom(1));
}, 60_000);
afterAll(async () => {
  await stack.stop();
  await proxy.close();
}, 60_000);

test('the worker goes on with a new connection, and stops as it should afterwards', async () => {
  const temporal = { address: `127.0.0.1:${proxy.port}`, namespace: stack.gateway.namespace };
  const worker = await stack.startWorker({ temporal });
  const proved = async (count: number) =>
    (await stack.rows()).filter(({ status }) => status === 'SUCCESS').length === count;
  await stack.enqueue([{}]);
  await until('it is proved', () => proved(1));
  proxy.blackhole();
  proxy.heal();
  await stack.enqueue([{}]);
  await until('it is proved over a new connection', () => proved(2), RECOVERY_MS);
  // What hangs on the silent connection ends with it, which would otherwise take the SDK 45 s.
  proxy.reset();
  await worker.shutdown();
}, 90_000);
