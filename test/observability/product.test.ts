/** What worker and API tell about themselves, as processes of their own: traces, logs, metrics. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TOKENS } from '../support/api.ts';
import { setFlag } from '../support/engine.ts';
import { metricNames, sample } from '../support/metrics.ts';
import { type Product, startProduct } from '../support/product.ts';
import { answer, type Receiver, startReceiver } from '../support/receiver.ts';
import { attributeOf, type ReceivedSpan, startTraceReceiver, type TraceReceiver } from '../support/trace-receiver.ts';
import { until } from '../support/until.ts';

const signingSecret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const traceIdOf = (id: string) => id.replaceAll('-', '');
const caller = '0af7651916cd43dd8448eb211c80319c';

let product: Product;
let traces: TraceReceiver;
let receiver: Receiver;
let proofId = '';
let effectId = '';

beforeAll(async () => {
  [traces, receiver] = await Promise.all([
    startTraceReceiver(),
    startReceiver({ onRequest: (socket, request) => !request.includes('/hang') && socket.end(answer(200)) }),
  ]);
  product = await startProduct({
    AOL_PROOF_MODE: '0',
    AOL_LOG_LEVEL: 'debug',
    AOL_WEBHOOK_ALLOW: receiver.host,
    AOL_WEBHOOK_SECRET: signingSecret,
    OTEL_EXPORTER_OTLP_ENDPOINT: traces.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  });
  await setFlag(product.db, 'proof_only', false);
  await setFlag(product.db, 'tick_interval_ms', 0);
  proofId = await queue({ type: 'POST_SOCIAL', payload: { platform: 'bluesky', content: 'Hello' } });
  const payload = { url: `http://${receiver.host}/hook?key=hush-hush`, body: { a: 1 } };
  effectId = await queue(
    { type: 'CALL_WEBHOOK', mode: 'REAL', payload },
    { traceparent: `00-${caller}-b7ad6b7169203331-01` },
  );
  await Promise.all([proofId, effectId].map(succeeds));
}, 60_000);
afterAll(async () => {
  await product?.close();
  await Promise.all([traces?.close(), receiver?.close()]);
}, 60_000);

async function queue(action: object, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`http://${product.apiHost}/v1/actions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKENS.operator}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(action),
  });
  const { id } = await response.json();
  return id;
}

const succeeds = (id: string) =>
  until(`${id} succeeds`, async () => (await product.client.getAction(id)).status === 'SUCCESS');

const names = (spans: readonly ReceivedSpan[]) => spans.map(({ name }) => name);

describe('traces', () => {
  test('one trace goes from the enqueue through tick, attempt and gate to the effect', async () => {
    const traceId = traceIdOf(effectId);
    const spans = await until('the trace is whole', () => {
      const found = traces.trace(traceId);
      return ['enqueue', 'claim', 'attempt', 'gate', 'perform'].every((name) => names(found).includes(name)) && found;
    });
    const find = (name: string) => spans.filter((span) => span.name === name)[0];
    const [enqueue, claim, attempt, gate, perform] = ['enqueue', 'claim', 'attempt', 'gate', 'perform'].map(find);
    expect(spans).toHaveLength(5);
    expect(enqueue?.parentSpanId ?? '').toBe('');
    expect([claim?.parentSpanId, attempt?.parentSpanId]).toEqual([enqueue?.spanId, enqueue?.spanId]);
    expect([gate?.parentSpanId, perform?.parentSpanId]).toEqual([attempt?.spanId, attempt?.spanId]);
    // By name and not by time: a claim may have begun before the action was asked for.
    const services = [enqueue, claim, attempt, gate, perform].map((span) => span?.service);
    expect(services).toEqual(['aol-api', ...Array(4).fill('aol-worker')]);
    expect(enqueue?.links).toMatchObject([{ traceId: caller }]);
    expect(perform?.kind).toBe(3);
    expect(attributeOf(perform ?? { attributes: [] }, 'server.address')).toBe('127.0.0.1');
    expect(attributeOf(perform ?? { attributes: [] }, 'aol.outcome')).toBe('done');
    expect(attributeOf(gate ?? { attributes: [] }, 'aol.gate.answer')).toBe('open');
  });

  test('an action leads to its tick, whose trace says what the tick did', async () => {
    const spans = await until('the trace is whole', () => {
      const found = traces.trace(traceIdOf(proofId));
      return found.length === 2 && found;
    });
    expect(names(spans)).toEqual(['enqueue', 'attempt']);
    const tick = spans[1]?.links?.[0];
    const ofTick = await until('the trace of the tick is whole', () => {
      const found = traces.trace(tick?.traceId ?? '');
      return found.length === 2 && found;
    });
    expect(names(ofTick)).toEqual(['tick', 'prove']);
    expect(ofTick[0]?.spanId).toBe(tick?.spanId);
    const { rows } = await product.db.query('SELECT id FROM aol_tick_ledger WHERE claimed > 0');
    expect(rows.map(({ id }) => traceIdOf(id))).toContain(tick?.traceId);
  });

  test('nothing of a payload is in them', () => {
    expect(traces.text()).not.toMatch(/hush-hush|Hello|whsec_/);
  });
});

describe('logs', () => {
  const entries = (name: 'worker' | 'api') =>
    product.log(name).map((line): Record<string, unknown> => JSON.parse(line));

  test('lines of both processes name action, lane, tick and trace', async () => {
    const effect = await until('the effect is logged', () =>
      entries('worker').find(({ msg, actionId }) => msg === 'an effect ended' && actionId === effectId),
    );
    expect(effect).toMatchObject({ lane: 'default', traceId: traceIdOf(effectId), outcome: 'done', attempt: 1 });
    const proof = entries('worker').find(({ msg, actionId }) => msg === 'a proof ended' && actionId === proofId);
    const tick = entries('worker').find(({ msg, tickId }) => msg === 'a tick was proved' && tickId === proof?.tickId);
    expect(tick).toMatchObject({ lane: 'default', number: expect.any(Number), claimed: expect.any(Number) });
    expect(tick?.traceId).toBe(traceIdOf(String(tick?.tickId)));
    expect(entries('api').find(({ method, actionId }) => method === 'POST' && actionId === effectId)).toMatchObject({
      traceId: traceIdOf(effectId),
      status: 201,
      actor: 'operator',
    });
  });

  test('hold no token, no signing secret and no password', () => {
    const text = [...product.log('worker'), ...product.log('api')].join('\n');
    for (const secret of [...Object.values(TOKENS), signingSecret]) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/:\/\/[^\s:/@"]+:(?!\[redacted\])[^\s/@"]+@/);
  });
});

describe("the worker's metrics", () => {
  const scrape = async () => (await fetch(`http://${product.workerMetricsHost}/metrics`)).text();

  test('are its own and those of the SDK, on one address', async () => {
    const page = await scrape();
    expect(
      sample(page, 'aol_worker_attempts_total{lane="default",mode="REAL",type="CALL_WEBHOOK",outcome="done"}'),
    ).toBe(1);
    expect(
      sample(page, 'aol_worker_attempts_total{lane="default",mode="PROOF",type="POST_SOCIAL",outcome="done"}'),
    ).toBe(1);
    expect(sample(page, 'aol_worker_effect_duration_seconds_count{type="CALL_WEBHOOK",outcome="done"}')).toBe(1);
    expect(sample(page, 'aol_worker_gate_duration_seconds_count{answer="open"}')).toBe(1);
    expect(sample(page, 'aol_worker_tick_step_duration_seconds_count{lane="default",step="prove"}')).toBeGreaterThan(0);
    expect(sample(page, 'aol_worker_artifact_failures_total{}')).toBe(0);
    expect(sample(page, 'aol_worker_resident_memory_bytes{}')).toBeGreaterThan(50_000_000);
    expect(metricNames(page)).toEqual(
      expect.arrayContaining([
        'temporal_workflow_task_execution_latency_seconds_bucket',
        'temporal_worker_task_slots_used',
      ]),
    );
  });

  test('an address that is taken stops the start and names the variable', async () => {
    const second = product.startWorker();
    await until('it ends', () => second.exitCode() !== null);
    expect(second.exitCode()).toBe(5);
    expect(second.text()).toContain('AOL_WORKER_METRICS');
  });

  test('a kill is measured from its commit to the abort, and is within a second', async () => {
    const payload = { url: `http://${receiver.host}/hang`, body: {} };
    await queue({ type: 'CALL_WEBHOOK', mode: 'REAL', payload });
    await until('it is at work', () => receiver.requests().some((request) => request.includes('/hang')));
    await product.client.kill({ reason: 'a test' });
    const count = 'aol_worker_kill_to_abort_seconds_count{lane="default"}';
    const page = await until('it is measured', async () => {
      const text = await scrape();
      return sample(text, count) === 1 && text;
    });
    expect(sample(page, 'aol_worker_kill_to_abort_seconds_bucket{lane="default",le="1"}')).toBe(1);
  });
});
