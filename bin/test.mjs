#!/usr/bin/env node
// biome-ignore-all lint/style/noProcessEnv: the tests' processes are told by their environment
/**
 * `npm test`: type check, lint, then every test, with coverage. With arguments: jest alone, with these arguments. The last
 * line is `N passed, N failed`, where a failing check counts as a failure.
 *
 * A whole run plays the dashboard's tests and the fault suite's last and alone: they hold a browser, or a kill, to figures such as
 * "another one sees it within a second", and beside other tests would measure those.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process, { env } from 'node:process';
import { ensureBuilt, ensureInstalled, Failure, pickNode, root, runMain, say } from './ensure.mjs';

const DASHBOARD = 'test/web/';
const FAULTS = 'test/faults/quick';
const SHARES = [['--coverage', '--testPathIgnorePatterns', DASHBOARD, FAULTS], [DASHBOARD], [FAULTS]];
const args = process.argv.slice(2);
const wholeRun = args.length === 0;
let stoppedBy;
let current;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stoppedBy = signal;
    current?.kill(signal);
  });
}

await runMain(async () => {
  let failed = 0;
  await ensureInstalled();
  failed += await counted('build', async () => {
    await ensureBuilt();
    return true;
  });
  const node = pickNode();
  const bin = (name, ...rest) => [join(root, 'node_modules', name), ...rest];
  if (wholeRun) {
    failed += await counted('type check', () =>
      run(node, bin('typescript/bin/tsc', '--noEmit', '-p', 'test/tsconfig.json')),
    );
    failed += await counted('lint', () => run(node, bin('@biomejs/biome/bin/biome', 'check')));
  }
  let passed = 0;
  const failures = [];
  for (const share of wholeRun ? SHARES : [args]) {
    const counts = await jest(node, bin('jest/bin/jest.js', ...share));
    passed += counts.passed;
    failed += counts.failed;
    failures.push(...counts.failures);
  }
  if (failures.length > 0) {
    process.stdout.write(`\nWhat failed:\n\n${failures.join('\n\n')}\n\n`);
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return stoppedBy === undefined ? Number(failed > 0) : 130;
});

/** 1 when a check fails, said and gone on from; 0 when it passes. */
async function counted(name, check) {
  if (stoppedBy !== undefined) {
    return 0;
  }
  try {
    if (await check()) {
      return 0;
    }
    say(`${name}: failed`);
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
    say(error.message);
  }
  return 1;
}

async function jest(node, command) {
  if (stoppedBy !== undefined) {
    return { passed: 0, failed: 1, failures: [] };
  }
  const folder = mkdtempSync(join(tmpdir(), 'aol-summary-'));
  const file = join(folder, 'summary.json');
  try {
    const passed = await run(node, command, {
      NODE_OPTIONS: '--experimental-vm-modules --no-warnings',
      AOL_TEST_SUMMARY_FILE: file,
    });
    const counts = read(file);
    // Coverage below its threshold, or a run that broke: it failed though no test did.
    return passed || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, failures: [] };
  }
}

/** True when it ends with status 0. Node 22 comes first on its PATH, as in every npm script. */
function run(node, command, extraEnv = {}) {
  const path = [dirname(node), join(root, 'node_modules', '.bin'), env.PATH].join(delimiter);
  return new Promise((resolve, reject) => {
    current = spawn(node, command, { cwd: root, stdio: 'inherit', env: { ...env, ...extraEnv, PATH: path } });
    current.once('error', reject);
    current.once('exit', (code) => resolve(code === 0));
  });
}
