/** The package as another project gets it: packed, unpacked into its node_modules, imported with types. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkNodeVersion } from '../../src/node-version.ts';
import { installPacked } from '../support/packed.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
let project: string;

const PROGRAM = `
import { AolClient, builtInContracts, createApi, createWorker, defineAdapter, jsonEffect, openPorts } from 'aol';
import { z } from 'zod';

const page = defineAdapter({
  contract: { type: 'RING_BELL', title: 'Ring a bell', payload: z.strictObject({ times: z.int() }), example: { times: 1 } },
  version: 1,
  redelivery: () => ({ kind: 'neither' }),
  render: (payload, context) =>
    jsonEffect({
      type: 'RING_BELL',
      adapterVersion: 1,
      summary: \`Ring \${payload.times} times\`,
      url: 'https://bell.example',
      body: { times: payload.times, key: context.providerKey },
    }),
});
// @ts-expect-error the payload has no such field: types reach this far
const wrong = (payload: Parameters<typeof page.render>[0]) => payload.loudness;

const databaseUrl = 'postgresql://nobody@127.0.0.1:1/none';
const temporal = { address: '127.0.0.1:1', namespace: 'default' };
const client = new AolClient({ baseUrl: 'http://127.0.0.1:1', token: 'x'.repeat(40) });
const worker = await createWorker({ databaseUrl, temporal, artifacts: 'file:/nowhere', adapters: [page] });
const ports = openPorts({ databaseUrl, temporal, temporalUiUrl: null, artifacts: { get: async () => new Uint8Array() } });
const tokens = { admin: 'a'.repeat(40), operator: 'b'.repeat(40), viewer: 'c'.repeat(40) };
const api = await createApi({ ...ports, contracts: builtInContracts, tokens });
await api.close();
await ports.close();
await worker.shutdown();
console.log(typeof client.enqueue, typeof wrong, 'imported');
`;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'aol-consumer-'));
  await installPacked(project);
  await writeFile(join(project, 'program.ts'), PROGRAM);
}, 120_000);
afterAll(() => rm(project, { recursive: true, force: true }));

describe('the package', () => {
  test('type-checks in a strict project of another', async () => {
    const options = [
      '--strict',
      '--noEmit',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--skipLibCheck',
      '--types',
      'node',
    ];
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    await run(process.execPath, [tsc, ...options, 'program.ts'], { cwd: project });
  }, 60_000);

  test('runs without one environment variable, starts nothing, and ends by itself', async () => {
    const { stdout, stderr } = await run(process.execPath, ['--no-warnings', 'program.ts'], { cwd: project, env: {} });
    expect(stdout.trim()).toBe('function function imported');
    expect(stderr).toBe('');
  }, 60_000);

  test.each(['20.20.2', '22.11.0'])(
    'says under Node %s that it is too old, before anything fails inside',
    (version) => {
      expect(() => checkNodeVersion(version)).toThrow(/needs Node 22\.12 or newer; this is .*aol\/client/u);
      const entry = readFileSync(join(root, 'dist', 'src', 'index.js'), 'utf8');
      expect(/^(?:import|export) .*$/mu.exec(entry)?.[0]).toContain('./node-version.js');
    },
  );

  test.each(['22.12.0', '24.0.0'])('runs under Node %s', (version) => {
    expect(() => checkNodeVersion(version)).not.toThrow();
  });

  test('can be required for its client alone', async () => {
    const script =
      "import { AolClient } from 'aol/client'; console.log(new AolClient({ baseUrl: 'http://x' }) instanceof AolClient)";
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project, env: {} });
    expect(stdout.trim()).toBe('true');
  });
});
