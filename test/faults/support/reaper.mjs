/**
 * Outlives a fault run that is killed, and ends what it started. It is told on stdin, a line each: `pid 123` when something
 * starts, `end 123` when it is gone, `folder /tmp/x`. When stdin ends, however the run ended, it acts.
 */

import { rmSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);

const pids = new Set();
const folders = [];
for await (const line of createInterface({ input: process.stdin })) {
  const [word, value] = [line.split(' ', 1)[0], line.slice(line.indexOf(' ') + 1)];
  if (word === 'pid') pids.add(Number(value));
  if (word === 'end') pids.delete(Number(value));
  if (word === 'folder') folders.push(value);
}

// PostgreSQL's fast shutdown. What was frozen can only be killed.
signalAll('SIGINT');
for (let waited = 0; waited < 30 && signalAll(0) > 0; waited += 1) await sleep(100);
signalAll('SIGKILL');
for (const folder of folders) rmSync(folder, { recursive: true, force: true });

function signalAll(signal) {
  return [...pids].filter((pid) => {
    try {
      return process.kill(pid, signal);
    } catch {
      return false;
    }
  }).length;
}
