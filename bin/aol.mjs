#!/usr/bin/env node
// biome-ignore-all lint/style/noProcessEnv: this runs before the configuration can be read
/** The command `aol`. In a checkout it first installs and builds what is missing; then it goes on under Node 22. */

import { spawn } from 'node:child_process';
import process, { env } from 'node:process';
import { pathToFileURL } from 'node:url';
import { assertArgumentsAreUtf8 } from './arguments.mjs';
import {
  builtFile,
  ensureBuilt,
  ensureInstalled,
  isCheckout,
  isThisNode,
  mainFile,
  pickNode,
  root,
  runMain,
} from './ensure.mjs';
import { loadEnvFile } from './env-file.mjs';

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'];

await runMain(async () => {
  watchForLostParent();
  assertArgumentsAreUtf8();
  loadEnvFile({ folder: isCheckout ? root : process.cwd(), isOurs: isCheckout });
  await ensureInstalled();
  await ensureBuilt();
  const node = pickNode();
  if (isThisNode(node)) {
    await import(pathToFileURL(mainFile).href);
    return process.exitCode;
  }
  return await runIn(node, process.argv.slice(2));
});

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

/**
 * Signals are passed on, and the channel tells the child when we are killed. (A terminal's Ctrl+C reaches it directly as
 * well; it takes signals that come together as one.)
 */
async function runIn(node, args) {
  const { nodeFlags, nodeEnvironment } = await import(pathToFileURL(builtFile('cli/up/node-flags.js')).href);
  const child = spawn(node, [...nodeFlags(args), mainFile, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...nodeEnvironment(args), ...process.env },
  });
  for (const signal of PASSED_ON) {
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
        for (const name of PASSED_ON) {
          process.removeAllListeners(name);
        }
        process.kill(process.pid, signal);
      }
    });
  });
}
