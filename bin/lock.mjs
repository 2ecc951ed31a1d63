/**
 * A lock between processes, as files in a folder of ours.
 *
 * The files are numbered and the highest counts. Its holder touches it every second: one that was not touched for a while is
 * nobody's, however its process ended, whatever has its number now, and whether anything was ever written. A lock is taken by
 * making the next number, which only one process can do.
 */

import { mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const touchMs = 1_000;
/** A machine that is busy may keep a holder from touching for seconds. */
const staleMs = 20_000;
const pollMs = 100;
const tellAfterMs = 1_000;

/**
 * @param whenItWaits called once, when somebody else holds it
 * @returns what gives it back; the end of the process does, too
 */
export async function takeLock(folder, name, whenItWaits) {
  mkdirSync(folder, { recursive: true });
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const release = tryLock(folder, name);
    if (release !== undefined) {
      return release;
    }
    if (waitedMs === tellAfterMs) {
      whenItWaits();
    }
    await sleep(pollMs);
  }
}

function tryLock(folder, name) {
  const highest = numbers(folder, name).at(-1) ?? 0;
  if (highest > 0 && !isStale(path(folder, name, highest))) {
    return undefined;
  }
  const mine = path(folder, name, highest + 1);
  try {
    writeFileSync(mine, '', { flag: 'wx' });
  } catch (error) {
    if (error.code === 'EEXIST') {
      return undefined;
    }
    throw error;
  }
  const present = numbers(folder, name);
  if (present.at(-1) !== highest + 1) {
    // Others took and gave back meanwhile: the number that we made was free again.
    rmSync(mine, { force: true });
    return undefined;
  }
  for (const old of present.slice(0, -1)) {
    rmSync(path(folder, name, old), { force: true });
  }
  return hold(mine);
}

function hold(mine) {
  const timer = setInterval(() => touch(mine, new Date()), touchMs);
  // Kept, but stale: a number is never used twice.
  const release = () => touch(mine, new Date(0));
  process.once('exit', release);
  return () => {
    clearInterval(timer);
    process.off('exit', release);
    release();
  };
}

/** The folder may be gone: an install may have begun anew. */
function touch(file, time) {
  try {
    utimesSync(file, time, time);
  } catch (error) {
    if (error.code !== 'ENOENT') {
      throw error;
    }
  }
}

function isStale(file) {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined || Math.abs(Date.now() - found.mtimeMs) > staleMs;
}

function numbers(folder, name) {
  return readdirSync(folder)
    .filter((file) => file.startsWith(`${name}.`))
    .map((file) => Number(file.slice(name.length + 1)))
    .filter(Number.isInteger)
    .sort((left, right) => left - right);
}

function path(folder, name, number) {
  return join(folder, `${name}.${number}`);
}
