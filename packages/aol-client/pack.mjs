/** `npm run pack:client [FOLDER]`: packs the client, once it is built, as a package without dependencies. Prints the file's name. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

const here = import.meta.dirname;
const root = resolve(here, '..', '..');
const read = (path) => readFileSync(path, 'utf8');
const to = resolve(process.argv[2] ?? '.');
const folder = mkdtempSync(join(tmpdir(), 'aol-client-'));
try {
  const bundled = await write({ input: { index: join(here, 'entry.js') }, platform: 'neutral' });
  await write({
    input: { index: join(root, 'dist', 'src', 'client', 'index.d.ts') },
    plugins: [withoutLocales(), dts({ dtsOnly: true, tsconfig: false, generator: 'oxc' })],
  });
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES'), licensesOf(bundled));
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  cpSync(join(here, 'README.md'), join(folder, 'README.md'));
  const { version } = JSON.parse(read(join(root, 'package.json')));
  const own = JSON.parse(read(join(here, 'package.json')));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...own, version }, null, 2)}\n`);
  execFileSync('npm', ['pack', '--pack-destination', to], { cwd: folder, stdio: ['ignore', 'inherit', 'ignore'] });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The modules that went into it. What the bundle would leave to be installed stops it. */
async function write(options) {
  // How long a bundle takes on a busy machine is no fault of it.
  const bundle = await rolldown({ ...options, checks: { pluginTimings: false }, onwarn: stop });
  const { output } = await bundle.write({ dir: folder, format: 'esm' });
  await bundle.close();
  for (const { fileName, imports } of output) {
    if (imports?.length > 0) throw new Error(`${fileName} needs ${imports.join(', ')}`);
  }
  return output.flatMap(({ moduleIds = [] }) => moduleIds);
}

function stop(warning) {
  throw new Error(warning.message);
}

/** zod's texts in other languages are no part of our types, and are written in a form that cannot be bundled. */
function withoutLocales() {
  const nothing = '\0no-locales.d.ts';
  return {
    name: 'without-locales',
    resolveId: { order: 'pre', handler: (id) => (id.includes('/locales/') ? nothing : undefined) },
    load: (id) => (id === nothing ? 'export {};' : undefined),
  };
}

function licensesOf(modules) {
  const packages = new Set(modules.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//u.exec(path)?.[1] ?? []));
  return [...packages].map((name) => `${name}\n\n${read(join(root, 'node_modules', name, 'LICENSE'))}`).join('\n\n');
}
