/**
 * Outlives a test run that is killed, and stops the servers that it started. It is told on stdin what there is, a line
 * each (`pid 123`, `folder /tmp/x`, `gone` when all was stopped in order); when stdin ends, however the run ended, it acts.
 */

import { rmSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => undefined);
}

let pids = [];
const folders = [];
for await (const line of createInterface({ input: process.stdin })) {
  const [word, value] = [line.split(' ', 1)[0], line.slice(line.indexOf(' ') + 1)];
  if (word === 'pid') {
    pids.push(Number(value));
  } else if (word === 'folder') {
    folders.push(value);
  } else if (word === 'gone') {
    pids = [];
  }
}

// SIGINT: PostgreSQL's fast shutdown; it ends Temporal as well.
signalAll('SIGINT');
for (let waited = 0; waited < 50 && signalAll(0) > 0; waited += 1) {
  await sleep(100);
}
signalAll('SIGKILL');
for (const folder of folders) {
  rmSync(folder, { recursive: true, force: true });
}

function signalAll(signal) {
  return pids.filter((pid) => {
    try {
      return process.kill(pid, signal);
    } catch {
      return false;
    }
  }).length;
}
