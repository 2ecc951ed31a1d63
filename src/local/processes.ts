import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../domain/errors.ts';

/** Whether a process runs. A zombie, which only waits to be collected, does not count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    return errorCode(thrown) === 'EPERM';
  }
  return !/^State:\s+Z/m.test(readOrUndefined(`/proc/${pid}/status`) ?? '');
}

/** What tells a process from a later one with the same number; undefined when it is gone or cannot be asked. */
export function startIdentity(pid: number): string | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  if (stat !== undefined) {
    const boot = readOrUndefined('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
    // The second field, the name, may contain anything; the 22nd, the start, is the 20th after its bracket.
    return `${boot}:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  }
  return ps(pid, 'lstart=');
}

/** Whether that very process runs, and not a later one with its number. */
export function isSameProcess(pid: number, started: string | undefined): boolean {
  return isAlive(pid) && (started === undefined || startIdentity(pid) === started);
}

/** A process's command line, arguments separated by spaces; undefined when it is gone. */
export function commandLine(pid: number): string | undefined {
  const raw = readOrUndefined(`/proc/${pid}/cmdline`);
  return raw === undefined ? ps(pid, 'command=') : raw.replaceAll('\0', ' ').trim();
}

/** Sends a signal; a process that is gone already is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if (errorCode(thrown) !== 'ESRCH') {
      throw thrown;
    }
  }
}

/** Stops a process by ever stronger signals, whether it is our child or was left over by another process. */
export async function stopProcess(
  pid: number,
  stopWith: readonly (readonly [signal: NodeJS.Signals, timeoutMs: number])[],
): Promise<void> {
  for (const [signal, timeoutMs] of stopWith) {
    if (!isAlive(pid)) {
      return;
    }
    signalProcess(pid, signal);
    if (await waitGone(pid, timeoutMs)) {
      return;
    }
  }
  signalProcess(pid, 'SIGKILL');
  await waitGone(pid, 5_000);
}

/** Waits for processes that need not be our children to be gone. False when the time is over first. */
export async function waitGone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) {
      return false;
    }
    await sleep(50);
  }
  return true;
}

function ps(pid: number, field: string): string | undefined {
  if (process.platform === 'linux' || process.platform === 'win32') {
    return undefined;
  }
  try {
    return (
      execFileSync('ps', ['-o', field, '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim() || undefined
    );
  } catch {
    return undefined;
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
