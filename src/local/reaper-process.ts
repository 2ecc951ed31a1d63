/**
 * Outlives the process that started servers, and stops them when it is gone, however it ended. It is told on stdin what there
 * is; when stdin ends, it acts. The starter's children end by themselves and use the servers until then, so they come first.
 */

import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeDataDir } from './database-place.ts';
import { isSameProcess, signalProcess, stopProcess } from './processes.ts';
import { type ReaperMessage, reaperMessageSchema, type Watched } from './reaper-message.ts';

/** Somewhat longer than a child may drain. */
const childrenLimitMs = 32_000;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => undefined);
}

const watched = new Map<number, Watched>();
const temporaryFolders: string[] = [];
function take(message: ReaperMessage): void {
  if ('gone' in message) watched.delete(message.gone);
  else if ('temporaryFolder' in message) temporaryFolders.push(message.temporaryFolder);
  else watched.set(message.pid, message);
}

for (const message of reaperMessageSchema.array().parse(JSON.parse(process.argv[2] ?? '[]'))) take(message);
for await (const line of createInterface({ input: process.stdin })) {
  take(reaperMessageSchema.parse(JSON.parse(line)));
}

const left = () => [...watched.values()].filter((one) => isSameProcess(one.pid, one.started));
const children = () => left().filter(({ stopWith }) => stopWith.length === 0);
for (const deadline = Date.now() + childrenLimitMs; children().length > 0 && Date.now() < deadline; ) {
  await sleep(100);
}
for (const { pid } of children()) signalProcess(-pid, 'SIGKILL');
await Promise.all(left().map(({ pid, stopWith }) => stopProcess(pid, stopWith)));
for (const folder of temporaryFolders) removeDataDir(folder);
