/** What operators load: rules that promtool tests, a dashboard, and a real Prometheus that scrapes the product. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { TOKENS } from '../support/api.ts';
import { metricNames } from '../support/metrics.ts';
import { type Product, startProduct } from '../support/product.ts';
import { promtool, type RunningPrometheus, requirePrometheus, startPrometheus } from '../support/prometheus.ts';
import { until } from '../support/until.ts';

const ops = new URL('../../ops/', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ops), 'utf8');

let product: Product;
let prometheus: RunningPrometheus;

beforeAll(async () => {
  await requirePrometheus();
  product = await startProduct();
  const { id } = await product.client.enqueue({
    type: 'POST_SOCIAL',
    payload: { platform: 'bluesky', content: 'Hello' },
  });
  await until('it is proved', async () => (await product.client.getAction(id)).status === 'SUCCESS');
  const { apiHost: api, workerMetricsHost: worker } = product;
  prometheus = await startPrometheus({ api, worker, viewerToken: TOKENS.viewer });
}, 240_000);
afterAll(async () => {
  await prometheus?.stop();
  await product?.close();
}, 60_000);

describe('a real Prometheus', () => {
  test('scrapes API and worker', async () => {
    const schema = z.object({ activeTargets: z.array(z.object({ scrapePool: z.string(), health: z.string() })) });
    await until('both targets are up', async () => {
      const { activeTargets } = schema.parse(await prometheus.ask('targets'));
      return activeTargets.length === 2 && activeTargets.every(({ health }) => health === 'up');
    });
    for (const metric of ['aol_lease_held{lane="default"}', 'aol_worker_resident_memory_bytes']) {
      expect(await instant(metric)).not.toEqual([]);
    }
  });

  test('takes the rules, and tells what they are for', async () => {
    const schema = z.object({
      groups: z.array(z.object({ rules: z.array(z.object({ name: z.string(), health: z.string() })) })),
    });
    const rules = await until('the rules were evaluated', async () => {
      const { groups } = schema.parse(await prometheus.ask('rules'));
      const all = groups.flatMap((group) => group.rules);
      return all.every(({ health }) => health !== 'unknown') && all;
    });
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    await product.client.kill({ reason: 'a test' });
    const alerts = z.object({
      alerts: z.array(z.object({ labels: z.record(z.string(), z.string()), state: z.string() })),
    });
    await until('the kill is told', async () =>
      alerts
        .parse(await prometheus.ask('alerts'))
        .alerts.some(
          ({ labels, state }) => labels.alertname === 'AolKilled' && labels.lane === 'default' && state === 'firing',
        ),
    );
  });
});

async function instant(query: string): Promise<unknown[]> {
  const answer = await prometheus.ask(`query?query=${encodeURIComponent(query)}`);
  return z.object({ result: z.array(z.unknown()) }).parse(answer).result;
}

describe('promtool', () => {
  test('finds no fault with the rules and the example', async () => {
    expect(await promtool('check', 'rules', 'alerts.yml')).toContain('SUCCESS');
    // The token's file is the operator's.
    expect(await promtool('check', 'config', '--syntax-only', 'prometheus.yml')).toContain('SUCCESS');
  });

  test('tests every alert, both ways', async () => {
    expect(await promtool('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS');
    const alerts = [...read('prometheus/alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const tests = read('prometheus/alerts.test.yml').split('\n  - name:');
    for (const alert of alerts) {
      const mentions = tests.flatMap((one) =>
        one.split(/\n\s+- /).filter((line) => line.includes(`alertname: ${alert}`)),
      );
      expect(mentions.some((one) => one.includes('exp_alerts'))).toBe(true);
      expect(mentions.some((one) => !one.includes('exp_alerts'))).toBe(true);
    }
  });
});

describe('names', () => {
  const expressions = [
    ...[...read('prometheus/alerts.yml').matchAll(/^ {8}expr: (?:\|\n((?: {10}.*\n)+)|(.*))/gm)].map(
      ([, block, line]) => block ?? line ?? '',
    ),
    ...[...read('grafana/aol.json').matchAll(/"(?:expr|query)": "(.*)"/g)].map(([, text]) => text ?? ''),
  ];
  const used = [...new Set(expressions.flatMap((text) => text.match(/\b(?:aol|temporal|process)_[a-z0-9_]+/g) ?? []))];

  test('are used', () => {
    expect(expressions.length).toBeGreaterThan(40);
    expect(used).toEqual(expect.arrayContaining(['aol_queue_actions', 'aol_worker_attempts_total']));
  });

  test('every metric that an alert or the dashboard names is exported', async () => {
    const headers = { authorization: `Bearer ${TOKENS.viewer}` };
    const pages = await Promise.all([
      fetch(`http://${product.apiHost}/metrics`, { headers }).then((answer) => answer.text()),
      fetch(`http://${product.workerMetricsHost}/metrics`).then((answer) => answer.text()),
    ]);
    const exported = new Set(pages.flatMap(metricNames));
    const missing = used.filter((name) => !exported.has(name));
    // These appear with their first event: the SDK's own in its native code, ours in our source.
    const rare = missing.filter((name) => !(name.startsWith('temporal_') ? sdkCode : ownCode).includes(stem(name)));
    expect(rare).toEqual([]);
  });
});

/** A metric's name as it stands in code: without what its kind and unit add to it. */
function stem(name: string): string {
  const own = name.replace(/_(bucket|count|sum)$/, '');
  return name.startsWith('temporal_') ? own.slice('temporal_'.length).replace(/_seconds$/, '') : own;
}

const native = '../node_modules/@temporalio/core-bridge/releases/x86_64-unknown-linux-gnu/index.node';
const sdkCode = readFileSync(new URL(native, ops), 'latin1');
const ownCode = readFileSync(new URL('../src/observability/worker-metrics.ts', ops), 'utf8');
