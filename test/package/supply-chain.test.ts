/** The gate before a release, what a release consists of, and the digests of images. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config/index.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const searchPath = [dirname(process.execPath), loadConfig().machine.searchPath].join(delimiter);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aol-supply-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('npm run audit', () => {
  /** Runs it with an npm that answers so. */
  async function audited(audit: string, signatures: string) {
    const npm = `#!/bin/sh\ncase "$*" in *signatures*) cat <<'END'\n${signatures}\nEND\n;; *) cat <<'END'\n${audit}\nEND\n;; esac\nexit 1\n`;
    await writeFile(join(folder, 'npm'), npm);
    await chmod(join(folder, 'npm'), 0o755);
    const env = { PATH: [folder, searchPath].join(delimiter) };
    return run(process.execPath, [join(root, 'bin', 'audit.mjs')], { env }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => ({ code: error.code, stdout: error.stdout }),
    );
  }
  const report = (vulnerabilities: Record<string, { name: string; severity: string }>) =>
    JSON.stringify({
      auditReportVersion: 2,
      vulnerabilities,
      metadata: { vulnerabilities: { total: Object.keys(vulnerabilities).length } },
    });
  const SIGNED = JSON.stringify({ invalid: [], missing: [] });

  test('passes when both were asked and found nothing', async () => {
    expect(await audited(report({}), SIGNED)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok .*\nok /u) });
  });

  test('fails on a known hole, and on a signature that is missing or wrong', async () => {
    const hole = await audited(report({ left: { name: 'left', severity: 'high' } }), SIGNED);
    expect(hole).toMatchObject({ code: 1, stdout: expect.stringContaining('FOUND  known holes: left (high)') });
    const unsigned = JSON.stringify({ invalid: [{ name: 'a', version: '1.0.0' }], missing: [] });
    const wrong = await audited(report({}), unsigned);
    expect(wrong).toMatchObject({ code: 1, stdout: expect.stringContaining('FOUND  signatures: a@1.0.0 (invalid)') });
  });

  test.each([
    ['a registry without the endpoint', '{"message":"405 Method Not Allowed","method":"POST"}', SIGNED],
    ['no registry', report({}), '{"error":{"code":"ENOTFOUND","summary":"getaddrinfo ENOTFOUND"}}'],
    ['no answer', '', SIGNED],
    ['another answer', '{}', '[]'],
  ])('%s is not known, which is no success', async (_name, audit, signatures) => {
    const { code, stdout } = await audited(audit, signatures);
    expect([code, stdout]).toEqual([2, expect.stringContaining('NOT KNOWN')]);
  });
});

test('npm run release: both packages, the bill of materials, the licences, and the sums of all', async () => {
  await mkdir(join(folder, 'out'));
  const env = { PATH: searchPath, HOME: folder };
  await run(process.execPath, [join(root, 'bin', 'release.mjs'), join(folder, 'out')], { env });
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const files = await readdir(join(folder, 'out'));
  expect(files.sort()).toEqual(
    ['SHA256SUMS', `aol-${version}.tgz`, `aol-client-${version}.tgz`, 'aol.cdx.json', 'licences.csv'].sort(),
  );
  const sbom = z
    .object({
      bomFormat: z.literal('CycloneDX'),
      metadata: z.object({ component: z.object({ name: z.literal('aol'), version: z.literal(version) }) }),
      components: z.array(z.object({ name: z.string(), purl: z.string().startsWith('pkg:npm/') })),
    })
    .parse(JSON.parse(await readFile(join(folder, 'out', 'aol.cdx.json'), 'utf8')));
  const names = sbom.components.map(({ name }) => name);
  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(names).toEqual(expect.arrayContaining([...Object.keys(dependencies), ...(await packagesOfTheDashboard())]));
  for (const tool of ['jest', 'vite', 'typescript']) expect(names).not.toContain(tool);
  const [, ...licences] = (await readFile(join(folder, 'out', 'licences.csv'), 'utf8')).trim().split('\n');
  expect(licences.map((line) => line.split(',')[0]).sort()).toEqual(names.sort());
  const sums = (await readFile(join(folder, 'out', 'SHA256SUMS'), 'utf8')).trim().split('\n');
  expect(sums).toHaveLength(4);
  for (const line of sums) {
    const [sum, name = ''] = line.split('  ');
    const bytes = await readFile(join(folder, 'out', name));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sum);
  }
}, 120_000);

test('the version stands everywhere, and the newest part of the change log is its own', async () => {
  const text = (path: string) => readFile(join(root, path), 'utf8');
  const { version } = JSON.parse(await text('package.json'));
  const lock = JSON.parse(await text('package-lock.json'));
  expect([lock.version, lock.packages[''].version]).toEqual([version, version]);
  expect(parse(await text('ops/helm/aol/Chart.yaml'))).toMatchObject({ version, appVersion: version });
  const sections = [...(await text('CHANGELOG.md')).matchAll(/^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$/gmu)];
  expect(sections.slice(0, 2).map(([, name, date]) => [name, date !== undefined])).toEqual([
    ['Unreleased', false],
    [version, true],
  ]);
});

describe('licences of what is shipped', () => {
  /** Asks bin/shipped.mjs, whose callers have no TypeScript. */
  async function unread(packages?: object): Promise<unknown> {
    const script = `
      const { shippedPackages, withUnreadLicence } = await import(${JSON.stringify(join(root, 'bin', 'shipped.mjs'))});
      console.log(JSON.stringify(withUnreadLicence(shippedPackages(${packages ? JSON.stringify({ packages }) : ''}))));`;
    return JSON.parse((await run(process.execPath, ['--input-type=module', '-e', script])).stdout);
  }

  test('somebody has read each', async () => {
    expect(await unread()).toEqual([]);
  });

  test('one that is unknown, or that nobody has read, stops a release; tools may have any', async () => {
    const other = { version: '1.0.0', license: 'SSPL-1.0' };
    const packages = {
      '': {},
      'node_modules/none': { version: '1.0.0' },
      'node_modules/a/node_modules/other': other,
      'node_modules/tool': { ...other, dev: true },
      'node_modules/preact': { ...other, dev: true },
    };
    expect(await unread(packages)).toEqual([
      { name: 'none', version: '1.0.0', license: 'unknown' },
      { name: 'other', ...other },
      { name: 'preact', ...other },
    ]);
  });
});

/** What its sources import from packages. */
async function packagesOfTheDashboard(): Promise<string[]> {
  const files = await readdir(join(root, 'web'), { recursive: true });
  const texts = await Promise.all(
    files.filter((name) => /\.tsx?$/u.test(name)).map((name) => readFile(join(root, 'web', name), 'utf8')),
  );
  const found = texts.flatMap((text) =>
    [...text.matchAll(/^import .*?from '([^.'][^']*)';$/gmu)].map(([, from]) => from),
  );
  return [...new Set(found.map((from = '') => from.split('/', from.startsWith('@') ? 2 : 1).join('/')))];
}

test('the images of Dockerfile and compose file are found, and get digests once', async () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const script = `
    const { imagesIn, withDigests } = await import(${JSON.stringify(join(root, 'bin', 'images.mjs'))});
    const { readFileSync } = await import('node:fs');
    const found = ['Dockerfile', 'docker-compose.yml'].map((name) => {
      const text = readFileSync(${JSON.stringify(root)} + name, 'utf8');
      const images = imagesIn(text);
      const pinned = withDigests(text, new Map(images.map((image) => [image, '${digest}'])));
      const again = withDigests(pinned, new Map(imagesIn(pinned).map((image) => [image, '${digest}'])));
      return { images, pinned: imagesIn(pinned), same: again === pinned };
    });
    console.log(JSON.stringify(found));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  const [dockerfile, compose] = JSON.parse(stdout);
  expect(dockerfile.images.map((image: string) => image.split('@')[0])).toEqual([
    'node:22-bookworm-slim',
    'node:22-bookworm-slim',
  ]);
  expect(compose.images.map((image: string) => image.split(':')[0])).toEqual(['postgres', 'temporalio/temporal']);
  for (const { pinned, same } of [dockerfile, compose]) {
    expect(same).toBe(true);
    for (const image of pinned) expect(image).toMatch(/^[a-z/]+:[\w.-]+@sha256:a{64}$/u);
  }
});
