/** What the benchmark says that Temporal keeps and bills. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { countActions, readUsage } from '../../bench/temporal-usage.ts';
import { childEnvironment, loadConfig } from '../../src/config/index.ts';
import { findTemporalBinary, freePort, startTemporal, type TemporalServer } from '../../src/local/index.ts';
import { until } from '../support/until.ts';

/** With a character that the server's metrics do not take. */
const namespace = 'bench-usage';
let server: TemporalServer;
let connection: Connection;
let metricsUrl: string;

beforeAll(async () => {
  const log = () => undefined;
  const binary = await findTemporalBinary({ ...loadConfig().machine, env: childEnvironment(), log });
  const [port, metricsPort] = [await freePort(), await freePort()];
  server = await startTemporal({ dataDir: undefined, port, metricsPort, uiPort: undefined, binary, log, namespace });
  connection = await Connection.connect({ address: server.address });
  metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
});

afterAll(async () => {
  await connection?.close();
  await server?.stop();
});

test("every workflow counts, a tick's own too: events of all runs, actions as the server counts them", async () => {
  const client = new Client({ connection, namespace });
  const start = (workflowId: string) => client.workflow.start('nothing', { workflowId, taskQueue: 'nobody' });
  const orchestrator = await start('aol/default');
  await orchestrator.signal('wake');
  const tick = await start('aol/default/tick/1');
  await tick.terminate();
  await start('aol/default/tick/1');
  // Started and a workflow task scheduled, three times; a signal, and an end.
  const events = 3 * 2 + 1 + 1;
  // Three starts and a signal. An end costs nothing.
  const actions = 4;
  await until('both are counted', async () => {
    const usage = await readUsage(client, metricsUrl);
    return usage.events === events && usage.actions === actions;
  });
});

test("another namespace's actions are not counted, nor other metrics", () => {
  const metrics = [
    'action{action_type="grpc_SignalWorkflowExecution",namespace="bench_one",service_name="frontend"} 2',
    'action{action_type="command_StartTimer",namespace="bench_one",service_name="frontend"} 40',
    'action{action_type="command_StartTimer",namespace="bench_one_more",service_name="frontend"} 500',
    'queue_actions{namespace="bench_one"} 6000',
  ].join('\n');
  expect(countActions(metrics, 'bench-one')).toBe(42);
});
