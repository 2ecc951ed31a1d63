#!/usr/bin/env node
// biome-ignore-all lint/style/noProcessEnv: this runs before the configuration can be read
/** The command `aol`. In a checkout it first installs and builds what is missing; then it goes on under Node 22. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process, { env } from 'node:process';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureInstalled, isCheckout, isThisNode, mainFile, pickNode, root, runMain } from './ensure.mjs';

await runMain(async () => {
  watchForLostParent();
  loadEnvFile();
  await ensureInstalled();
  await ensureBuilt();
  const node = pickNode();
  if (isThisNode(node)) {
    await import(pathToFileURL(mainFile).href);
    return process.exitCode;
  }
  return await runIn(node);
});

/** The project's `.env`; what is set already wins. */
function loadEnvFile() {
  const file = join(isCheckout ? root : process.cwd(), '.env');
  if (existsSync(file)) {
    process.loadEnvFile(file);
  }
}

/**
 * npm starts us through a shell and sends its SIGTERM to that, which dies of it and tells nobody. So under npm the end of
 * our parent counts as SIGTERM.
 */
function watchForLostParent() {
  if (env.npm_lifecycle_event === undefined) {
    return;
  }
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(timer);
      process.kill(process.pid, 'SIGTERM');
    }
  }, 250);
  timer.unref();
}

/** As in src/cli/up/children.ts: what keeps a worker's spare room small. */
const WORKER_FLAGS = ['--max-semi-space-size=4', '--max-old-space-size=512'];
const WORKER_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' };

/**
 * Signals are passed on, and the channel tells the child when we are killed. (A terminal's Ctrl+C reaches it directly as
 * well; it takes signals that come together as one.)
 */
async function runIn(node) {
  const args = process.argv.slice(2);
  const isWorker = args[0] === 'worker';
  const child = spawn(node, [...(isWorker ? WORKER_FLAGS : []), mainFile, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...(isWorker ? WORKER_ENVIRONMENT : {}), ...process.env },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  // When we run under a parent that waits for word of us, as `aol worker` may, it hears it.
  child.on('message', (message) => process.send?.(message));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (signal === null) {
        resolve(code);
      } else {
        for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
          process.removeAllListeners(name);
        }
        process.kill(process.pid, signal);
      }
    });
  });
}
