/** Helm, and the objects that it makes of ops/helm/aol; Kubernetes' own schemas to hold them against. */

import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { pythonWith } from './providers/install.ts';

const VERSION = '3.17.3.post1';
const VALIDATOR_VERSION = '1.37.0';
const chart = fileURLToPath(new URL('../../ops/helm/aol', import.meta.url));

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), annotations: z.record(z.string(), z.string()).optional() }),
});
export type KubernetesObject = z.output<typeof objectSchema>;

export interface Rendered {
  /** Empty where it was refused. */
  readonly objects: readonly KubernetesObject[];
  readonly text: string;
  readonly refusal: string;
}

/** What `helm template` makes of these values, over the chart's own. */
export async function renderChart(values: Readonly<Record<string, unknown>> = {}): Promise<Rendered> {
  const args = ['template', 'aol', chart, '--values', '-', '--kube-version', '1.31.0'];
  const { status, stdout, stderr } = await helm(args, stringify(values));
  const documents = status === 0 ? parseAllDocuments(stdout).map((document): unknown => document.toJS()) : [];
  return { objects: z.array(objectSchema).parse(documents), text: stdout, refusal: status === 0 ? '' : stderr };
}

/** What `helm lint --strict` finds; empty when it finds nothing. */
export async function lintChart(): Promise<string> {
  const { status, stdout, stderr } = await helm(['lint', '--strict', chart], '');
  return status === 0 ? '' : stdout + stderr;
}

/** What Kubernetes of that version would refuse in these objects; a field that it does not know is one of it. */
export async function refusedByKubernetes(version: string, text: string): Promise<string> {
  const python = await pythonWith(
    `kubernetes-validate-${VALIDATOR_VERSION}`,
    `kubernetes-validate==${VALIDATOR_VERSION}`,
  );
  const args = ['-m', 'kubernetes_validate', '--strict', '--quiet', '-k', version, '-'];
  const { status, stdout, stderr } = spawnSync(python, args, { input: text, encoding: 'utf8' });
  return status === 0 ? '' : stdout + stderr || `ended with ${status}`;
}

async function helm(args: readonly string[], input: string) {
  const python = await pythonWith(`helm-${VERSION}`, `helm-binary==${VERSION}`);
  return spawnSync(join(dirname(python), 'helm'), [...args], { input, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
}
