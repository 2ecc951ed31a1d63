#!/usr/bin/env node
/**
 * `npm run release [FOLDER]`: what a release consists of, in one folder: both packages, the bill of materials (CycloneDX) of
 * what `aol` installs, the licences of all that, and the SHA-256 of each. It publishes nothing; docs/supply-chain.md says how that
 * is done, with provenance.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { ensureBuilt, ensureInstalled, Failure, pickNode, root, runMain } from './ensure.mjs';
import { IN_THE_DASHBOARD, shippedPackages, withUnreadLicence } from './shipped.mjs';

await runMain(async () => {
  const folder = resolve(process.argv[2] ?? join(root, 'release'));
  mkdirSync(folder, { recursive: true });
  await ensureInstalled();
  await ensureBuilt();
  const quiet = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 1024 * 1024 };
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], quiet);
  execFileSync(pickNode(), [join(root, 'packages', 'aol-client', 'pack.mjs'), folder], quiet);
  const sbom = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], quiet);
  writeFileSync(join(folder, 'aol.cdx.json'), ofWhatIsShipped(sbom));
  writeFileSync(join(folder, 'licences.csv'), licences());
  const files = readdirSync(folder).filter((name) => /\.(?:tgz|cdx\.json|csv)$/u.test(name));
  const sums = files.map(
    (name) =>
      `${createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')}  ${name}\n`,
  );
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''));
  process.stdout.write(sums.join(''));
  return 0;
});

function licences() {
  const packages = shippedPackages();
  const unread = withUnreadLicence(packages).map(({ name, license }) => `${name} (${license})`);
  if (unread.length > 0) throw new Failure(`nobody has read the licence of ${unread.join(', ')}: see bin/shipped.mjs`);
  return [
    'package,version,licence',
    ...packages.map(({ name, version, license }) => `${name},${version},${license}`),
    '',
  ].join('\n');
}

/**
 * Without what only builds and tests. Not by `--omit=dev`: npm then also leaves out packages that we use ourselves and some tool
 * of ours names as a peer, such as `pg`. And npm calls the whole by the folder that it lies in.
 */
function ofWhatIsShipped(text) {
  const document = JSON.parse(text);
  const isShipped = ({ name, properties }) =>
    IN_THE_DASHBOARD.has(name) || !properties.some((property) => property.name === 'cdx:npm:package:development');
  const components = document.components.filter(isShipped);
  const own = document.metadata.component;
  const refs = new Set([own['bom-ref'], ...components.map((component) => component['bom-ref'])]);
  const dependencies = document.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const metadata = { ...document.metadata, component: { ...own, name } };
  return `${JSON.stringify({ ...document, metadata, components, dependencies }, null, 2)}\n`;
}
