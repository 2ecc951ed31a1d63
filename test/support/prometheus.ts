/** A real Prometheus, as Debian packages it. */

import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../src/local/index.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('../../ops/prometheus/', import.meta.url));

/**
 * Sees to it that `prometheus` and `promtool` are on the PATH: root has Debian's package installed, anybody else is told to do
 * so. Nothing is skipped where they are missing.
 */
export async function requirePrometheus(): Promise<void> {
  if (await isThere()) return;
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', 'prometheus'] as const;
  const advice = `these tests need Prometheus on the PATH: \`${install.join(' ')}\``;
  if (process.getuid?.() !== 0) throw new Error(advice);
  const [program, ...args] = install;
  const quiet = { env: { ...childEnv(), DEBIAN_FRONTEND: 'noninteractive' } };
  const attempt = () => run(program, ['-o', 'DPkg::Lock::Timeout=120', ...args], quiet);
  // The lists of packages may be missing or old.
  await attempt()
    .catch(() => run('apt-get', ['update'], quiet).then(attempt))
    .catch((error: Error) => {
      throw new Error(`${advice}: ${error.message}`, { cause: error });
    });
  if (!(await isThere())) throw new Error(advice);
}

function childEnv() {
  // biome-ignore lint/style/noProcessEnv: handed on to apt-get
  return process.env;
}

async function isThere(): Promise<boolean> {
  const versions = ['prometheus', 'promtool'].map((program) => run(program, ['--version']));
  return Promise.all(versions).then(
    () => true,
    () => false,
  );
}

/** Runs promtool in the folder of the rules; answers what it said, or throws it. */
export async function promtool(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run('promtool', [...args], { cwd: folder });
  return stdout + stderr;
}

export interface RunningPrometheus {
  /** `GET /api/v1/…`, its `data`. */
  ask(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts it on the example's configuration, with these targets and a second between scrapes. */
export async function startPrometheus(targets: {
  readonly api: string;
  readonly worker: string;
  readonly viewerToken: string;
}): Promise<RunningPrometheus> {
  const [home, port] = await Promise.all([mkdtemp(join(tmpdir(), 'aol-prometheus-')), freePort()]);
  await cp(folder, home, { recursive: true });
  const example = await readFile(join(folder, 'prometheus.yml'), 'utf8');
  const config = example
    .replaceAll('15s', '1s')
    .replace('127.0.0.1:8321', targets.api)
    .replace('127.0.0.1:9464', targets.worker);
  await writeFile(join(home, 'prometheus.yml'), config);
  await writeFile(join(home, 'viewer-token'), targets.viewerToken);
  const args = ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=127.0.0.1:${port}`];
  const child = spawn('prometheus', [...args, '--log.level=error'], { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  await until('Prometheus is ready', () => {
    if (child.exitCode !== null) throw new Error(`Prometheus ended:\n${output}`);
    return fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return {
    async ask(path) {
      const answer: { data: unknown } = await (await fetch(`${url}/api/v1/${path}`)).json();
      return answer.data;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
      await rm(home, { recursive: true, force: true });
    },
  };
}
