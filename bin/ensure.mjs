// biome-ignore-all lint/style/noProcessEnv: this runs before the configuration can be read
/** What a checkout needs before anything can run: dependencies, a build, Node 22. Installed packages need only the last. */

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';
import process, { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { takeLock } from './lock.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const isCheckout = existsSync(join(root, 'src'));
export const mainFile = builtFile('cli/main.js');

const minimumNode = [22, 12];
const sources = ['src', 'migrations', 'web', 'bin/build.mjs', 'package.json', 'package-lock.json', 'tsconfig.json'];

// Nothing that is made from here on is for others to write, whatever the shell allows.
process.umask(process.umask() | 0o022);

/** A failure that needs no stack trace. */
export class Failure extends Error {
  constructor(message, status = 1) {
    super(message);
    this.status = status;
  }
}

/** What a file of `src` has become. */
export function builtFile(path) {
  return join(root, 'dist', 'src', ...path.split('/'));
}

export function say(line) {
  process.stderr.write(`aol: ${line}\n`);
}

/** Runs `main`; a failure becomes a line and an exit status. */
export async function runMain(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(error instanceof Failure ? `aol: ${error.message}\n` : `${error?.stack ?? error}\n`);
    process.exitCode = error instanceof Failure ? error.status : 1;
  }
}

/** Node 22 as npm brought it, else this one if it is new enough. */
export function pickNode() {
  const own = nodeFromNpm();
  if (own !== undefined) {
    return own;
  }
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > minimumNode[0] || (major === minimumNode[0] && minor >= minimumNode[1])) {
    return process.execPath;
  }
  throw new Failure(
    `needs Node ${minimumNode.join('.')} or newer; this is ${process.versions.node}, and npm did not install ` +
      `the package ${nodePackage()} (was it run with --omit=optional?)`,
  );
}

/** Whether this process already runs in the Node that was picked. */
export function isThisNode(node) {
  return realpathSync(node) === realpathSync(process.execPath);
}

/**
 * Installs the versions of package-lock.json, when dependencies are missing or differ. Not by `npm ci`: npm 11 refuses a lock
 * that lacks optional packages of other platforms, and a registry that does not carry those makes just such a lock.
 */
export async function ensureInstalled() {
  if (!isCheckout || dependenciesMatch()) {
    return;
  }
  await exclusively('install', async () => {
    if (!dependenciesMatch()) {
      const flags = [
        '--no-save',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
        '--include=dev',
        '--include=optional',
      ];
      await step('installing dependencies', (command) => command(...npm('install', ...flags)));
    }
  });
}

/** Compiles and bundles, when the sources differ from those of the last build. The build appears complete or not at all. */
export async function ensureBuilt() {
  if (!isCheckout || builtFrom() === sourceHash()) {
    return;
  }
  await exclusively('build', async () => {
    const hash = sourceHash();
    if (builtFrom() === hash) {
      return;
    }
    removeLeftovers();
    // Beside dist, not inside another folder: the source maps' relative paths stay right.
    const folder = join(root, `dist.${randomBytes(4).toString('hex')}`);
    const old = `${folder}.old`;
    try {
      const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      await step('compiling', (command) => command(pickNode(), [tsc, '-p', 'tsconfig.json', '--outDir', folder]));
      cpSync(join(root, 'src', 'db', 'sql'), join(folder, 'src', 'db', 'sql'), { recursive: true });
      await step('bundling the workflows', (command) =>
        command(pickNode(), ['--no-warnings', join(root, 'bin', 'build.mjs'), '--bundle', folder]),
      );
      await step('building the dashboard', (command) => {
        const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
        const to = ['--outDir', join(folder, 'web')];
        return command(pickNode(), [vite, 'build', '--config', join(root, 'web', 'vite.config.mjs'), ...to]);
      });
      writeFileSync(join(folder, '.stamp'), hash);
      if (existsSync(join(root, 'dist'))) {
        renameSync(join(root, 'dist'), old);
      }
      renameSync(folder, join(root, 'dist'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
      rmSync(old, { recursive: true, force: true });
    }
  });
}

function nodePackage() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${platform}-${process.arch}`;
}

function nodeFromNpm() {
  const loaders = { x64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1' };
  if (process.platform === 'linux' && !existsSync(loaders[process.arch] ?? '')) {
    return undefined; // Not a system that npm's Node runs on, such as Alpine.
  }
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${nodePackage()}/package.json`));
    const node = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(node) ? node : undefined;
  } catch {
    return undefined;
  }
}

/** npm writes `node_modules/.package-lock.json` when all is in place: the same packages as in the lock, but for optional ones. */
function dependenciesMatch() {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const present = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || present === undefined) {
    return false;
  }
  return Object.entries(wanted).every(([path, { version, integrity, optional, link }]) => {
    if (path === '' || link) {
      return true;
    }
    const found = present[path];
    return found === undefined ? optional === true : found.version === version && found.integrity === integrity;
  });
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function npm(...args) {
  const script = env.npm_execpath;
  return script?.endsWith('.js') ? [process.execPath, [script, ...args]] : ['npm', args];
}

function builtFrom() {
  try {
    return readFileSync(join(root, 'dist', '.stamp'), 'utf8');
  } catch {
    return undefined;
  }
}

function sourceHash() {
  const hash = createHash('sha256');
  for (const path of sources.flatMap((name) => filesUnder(join(root, name)))) {
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesUnder(path) {
  if (!existsSync(path)) {
    return [];
  }
  try {
    return readdirSync(path)
      .sort()
      .flatMap((name) => filesUnder(join(path, name)));
  } catch (error) {
    if (error.code === 'ENOTDIR') {
      return [path];
    }
    throw error;
  }
}

function removeLeftovers() {
  for (const name of readdirSync(root)) {
    if (/^dist\.[0-9a-f]{8}(\.old)?$/.test(name)) {
      rmSync(join(root, name), { recursive: true, force: true });
    }
  }
}

/** Says what is being done, again when it takes long, and runs commands whose output is shown only when they fail. */
async function step(name, work) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  say(`${name} …`);
  const timer = setInterval(() => say(`${name} … ${seconds()}`), 15_000);
  try {
    await work((program, args) => quietly(name, program, args));
    say(`${name}: done in ${seconds()}`);
  } finally {
    clearInterval(timer);
  }
}

function quietly(name, program, args) {
  const path = [join(root, 'node_modules', '.bin'), env.PATH].join(delimiter);
  const options = { cwd: root, env: { ...env, PATH: path }, stdio: ['ignore', 'pipe', 'pipe'] };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, shell: process.platform === 'win32' && program === 'npm' });
    // Ctrl+C and SIGTERM end the step too; the terminal's reaches it by itself, the others do not.
    const stop = (signal) => {
      child.kill(signal);
      child.once('close', () => process.exit(signal === 'SIGINT' ? 130 : 143));
    };
    process.once('SIGINT', stop).once('SIGTERM', stop);
    let output = '';
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => reject(new Failure(`${name} failed: ${error.message}`)));
    child.once('close', (code) => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      code === 0 ? resolve() : reject(new Failure(`${name} failed:\n${output.trim()}`));
    });
  });
}

/** One process at a time, per checkout. */
async function exclusively(purpose, work) {
  const key = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const release = await takeLock(join(root, 'node_modules', '.aol-locks'), `${purpose}-${key}`, () =>
    say(`waiting for another process that does the same (${purpose}) …`),
  );
  try {
    await work();
  } finally {
    release();
  }
}
