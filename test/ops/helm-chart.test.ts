/** The chart as Helm renders it: what Kubernetes takes, what holds the pods, who gets which secret, and what its schema refuses. */

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { lintChart, type Rendered, refusedByKubernetes, renderChart } from '../support/helm.ts';
import { INSTALL_LIMIT_MS } from '../support/providers/install.ts';

const probeSchema = z.looseObject({
  httpGet: z.object({ path: z.string(), port: z.string() }).optional(),
  exec: z.object({ command: z.array(z.string()) }).optional(),
});
const containerSchema = z.looseObject({
  args: z.array(z.string()),
  image: z.string(),
  securityContext: z.looseObject({}),
  env: z.array(z.object({ name: z.string(), value: z.string() })),
  envFrom: z.array(z.object({ secretRef: z.object({ name: z.string() }) })),
  startupProbe: probeSchema.optional(),
  livenessProbe: probeSchema.optional(),
  readinessProbe: probeSchema.optional(),
  resources: z.object({ limits: z.object({ memory: z.string() }) }),
});
const podSchema = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  terminationGracePeriodSeconds: z.number().optional(),
  securityContext: z.looseObject({}),
  containers: z.tuple([containerSchema]),
});
const withPodSchema = z.looseObject({
  spec: z.looseObject({ template: z.looseObject({ metadata: z.looseObject({}), spec: podSchema }) }),
});

const OF_WORKERS = 'aol-accounts';
const all = {
  secrets: { accounts: OF_WORKERS },
  temporal: { uiUrl: 'https://temporal.example' },
  ingress: { enabled: true, className: 'nginx', host: 'aol.example' },
  networkPolicy: { servers: [{ ipBlock: { cidr: '10.0.0.0/24' } }] },
  worker: { env: { AOL_NOTICES: 'log' }, webhookAllow: '10.0.0.9:80' },
  serviceAccount: { annotations: { 'example/role': 'aol' } },
  imagePullSecrets: [{ name: 'registry' }],
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
  tolerations: [{ key: 'only', operator: 'Exists' }],
  affinity: { podAntiAffinity: {} },
};
let plain: Rendered;
let full: Rendered;
beforeAll(async () => {
  plain = await renderChart();
  full = await renderChart(all);
  expect([plain.refusal, full.refusal]).toEqual(['', '']);
}, INSTALL_LIMIT_MS);

const named = ({ objects }: Rendered, kind: string, name: string) => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
};
const podOf = (rendered: Rendered, kind: string, name: string) =>
  withPodSchema.parse(named(rendered, kind, name)).spec.template.spec;
const PODS = [
  ['Deployment', 'aol-api'],
  ['Deployment', 'aol-worker'],
  ['Job', 'aol-migration'],
] as const;

describe('what is rendered', () => {
  test('is each object once', () => {
    const list = ({ objects }: Rendered) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
    const always = [
      'Deployment aol-api',
      'Deployment aol-worker',
      'Job aol-migration',
      'NetworkPolicy aol-api',
      'NetworkPolicy aol-worker',
      'PersistentVolumeClaim aol-artifacts',
      'PodDisruptionBudget aol-api',
      'PodDisruptionBudget aol-worker',
      'Service aol-api',
      'ServiceAccount aol',
    ];
    expect(list(plain)).toEqual(always);
    expect(list(full)).toEqual([...always, 'Ingress aol'].sort());
  });

  test.each(['1.25', '1.37'])(
    'Kubernetes %s knows every field of it',
    async (version) => {
      for (const { text } of [plain, full]) expect(await refusedByKubernetes(version, text)).toBe('');
      const wrong = full.text.replace('readOnlyRootFilesystem:', 'readOnlyRoot:');
      expect(await refusedByKubernetes(version, wrong)).toContain('readOnlyRoot');
    },
    INSTALL_LIMIT_MS,
  );

  test('is well formed for Helm', async () => {
    expect(await lintChart()).toBe('');
  });

  test('is of this version', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(podOf(plain, 'Deployment', 'aol-api').containers[0].image).toBe(`aol:${version}`);
  });
});

describe('the pods', () => {
  test.each(PODS)('%s %s: not root, no rights, nothing to write but what is mounted', (kind, name) => {
    const pod = podOf(plain, kind, name);
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('the API is ready as soon as a stop reaches it, and is ended only when it does not answer', () => {
    const [api] = podOf(plain, 'Deployment', 'aol-api').containers;
    expect(api).toMatchObject({
      startupProbe: { httpGet: { path: '/healthz' } },
      livenessProbe: { httpGet: { path: '/healthz' } },
      readinessProbe: { httpGet: { path: '/readyz' } },
    });
  });

  test("a worker is looked at by the image's own check", () => {
    const [worker] = podOf(plain, 'Deployment', 'aol-worker').containers;
    const check = { exec: { command: ['node', 'docker/worker-health.mjs'] } };
    expect(worker).toMatchObject({ startupProbe: check, livenessProbe: check });
    const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
    expect(dockerfile).toContain('docker/worker-health.mjs');
  });

  test('each gets longer to end than it takes', () => {
    expect(podOf(plain, 'Deployment', 'aol-worker').terminationGracePeriodSeconds).toBeGreaterThan(30);
    expect(podOf(plain, 'Deployment', 'aol-api').terminationGracePeriodSeconds).toBeGreaterThan(30);
  });

  test('what they are told is a variable that AOL has', () => {
    const known = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
    const names = PODS.flatMap(([kind, name]) => podOf(full, kind, name).containers[0].env.map((one) => one.name));
    expect(names.filter((name) => !new RegExp(`^#?${name}=`, 'm').test(known))).toEqual([]);
  });

  test('proofMode is the key of the worker, and of nobody else', async () => {
    const modeOf = (rendered: Rendered, name: string) =>
      podOf(rendered, 'Deployment', name).containers[0].env.find((one) => one.name === 'AOL_PROOF_MODE')?.value;
    const real = await renderChart({ proofMode: false });
    expect([modeOf(plain, 'aol-worker'), modeOf(real, 'aol-worker'), modeOf(real, 'aol-api')]).toEqual([
      '1',
      '0',
      undefined,
    ]);
  });
});

test('secrets are named and never held, and each pod gets its own', () => {
  const secretsOf = (kind: string, name: string) =>
    podOf(full, kind, name).containers[0].envFrom.map(({ secretRef }) => secretRef.name);
  expect(full.objects.filter(({ kind }) => kind === 'Secret' || kind === 'ConfigMap')).toEqual([]);
  expect(PODS.map(([kind, name]) => secretsOf(kind, name))).toEqual([
    ['aol-runtime', 'aol-tokens'],
    ['aol-runtime', OF_WORKERS],
    ['aol-migration'],
  ]);
});

test('the migration goes before every installation and every upgrade', () => {
  const job = named(plain, 'Job', 'aol-migration');
  expect(job.metadata.annotations).toEqual({
    'helm.sh/hook': 'pre-install,pre-upgrade',
    'helm.sh/hook-delete-policy': 'before-hook-creation',
  });
  expect(podOf(plain, 'Job', 'aol-migration').containers[0].args).toEqual(['migrate']);
});

test('one of each is away at most, and artifacts outlive the release', () => {
  for (const name of ['aol-api', 'aol-worker']) {
    expect(named(plain, 'PodDisruptionBudget', name)).toMatchObject({ spec: { maxUnavailable: 1 } });
    expect(named(plain, 'Deployment', name)).toMatchObject({
      spec: { replicas: 2, strategy: { rollingUpdate: { maxUnavailable: 0 } } },
    });
  }
  const claim = named(plain, 'PersistentVolumeClaim', 'aol-artifacts');
  expect(claim.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
});

test('the network lets nobody call a worker but for its metrics, and the API reach what it is told', () => {
  expect(named(plain, 'NetworkPolicy', 'aol-worker')).toMatchObject({
    spec: { policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'metrics' }] }] },
  });
  expect(named(plain, 'NetworkPolicy', 'aol-api')).toMatchObject({ spec: { policyTypes: ['Ingress'] } });
  expect(named(full, 'NetworkPolicy', 'aol-api')).toMatchObject({
    spec: {
      policyTypes: ['Ingress', 'Egress'],
      egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/24' } }] }, { ports: [{ port: 53 }, { port: 53 }] }],
    },
  });
});

test.each<[what: string, values: Record<string, unknown>, names: string]>([
  ['a name that does not exist', { proofmode: false }, 'proofmode'],
  ['a page without TLS', { publicUrl: 'http://aol.example' }, 'publicUrl'],
  ['no worker', { worker: { replicas: 0 } }, 'replicas'],
  ['a server without a port', { temporal: { address: 'temporal' } }, 'address'],
  ['a secret without a name', { secrets: { runtime: '' } }, 'runtime'],
  ['a digest that is none', { image: { digest: 'latest' } }, 'digest'],
  ['a word for a yes or no', { proofMode: 'never' }, 'proofMode'],
])('its schema refuses %s, and names it', async (_what, values, names) => {
  const { objects, refusal } = await renderChart(values);
  expect(objects).toEqual([]);
  expect(refusal).toContain(names);
});
