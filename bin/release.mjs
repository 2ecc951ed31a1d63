#!/usr/bin/env node
/**
 * `npm run release [FOLDER]`: what a release consists of, in one folder: both packages, the bill of materials (CycloneDX) of
 * what `aol` installs, and the SHA-256 of each. It publishes nothing; docs/security.md says how that is done, with provenance.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { ensureBuilt, ensureInstalled, pickNode, root, runMain } from './ensure.mjs';

await runMain(async () => {
  const folder = resolve(process.argv[2] ?? join(root, 'release'));
  mkdirSync(folder, { recursive: true });
  await ensureInstalled();
  await ensureBuilt();
  const quiet = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 1024 * 1024 };
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], quiet);
  execFileSync(pickNode(), [join(root, 'packages', 'aol-client', 'pack.mjs'), folder], quiet);
  const sbom = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only'], quiet);
  writeFileSync(join(folder, 'aol.cdx.json'), named(sbom));
  const files = readdirSync(folder).filter((name) => /\.(?:tgz|cdx\.json)$/u.test(name));
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

/** npm calls the whole by the folder that it lies in. */
function named(sbom) {
  const document = JSON.parse(sbom);
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  document.metadata.component.name = name;
  return `${JSON.stringify(document, null, 2)}\n`;
}
