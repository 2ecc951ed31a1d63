import { spawn } from 'node:child_process';
import { signalProcess } from './processes.ts';

export interface RunOptions {
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program to its end and gives its output. Its whole process group is killed when `signal` is aborted or the time
 * is over.
 *
 * @throws with the end of its output when it fails, or what `signal` was aborted with
 */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  options.signal?.throwIfAborted();
  const { uid, gid } = options;
  const child = spawn(program, [...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: options.cwd,
    env: options.env,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  let output = '';
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-16_384);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const killGroup = () => {
    if (child.pid !== undefined) {
      signalProcess(-child.pid, 'SIGKILL');
    }
  };
  let overdue = false;
  const timer = setTimeout(() => {
    overdue = true;
    killGroup();
  }, options.timeoutMs);
  options.signal?.addEventListener('abort', killGroup);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    options.signal?.throwIfAborted();
    if (overdue) {
      throw new Error(`${program} took longer than ${Math.round(options.timeoutMs / 1000)} s`);
    }
    if (code !== 0) {
      throw new Error(`${program} failed: ${output.trim().slice(-2_000)}`);
    }
    return output;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', killGroup);
  }
}
