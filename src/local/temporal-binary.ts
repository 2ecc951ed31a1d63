import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { ConfigurationError, errorCode, errorText } from '../domain/errors.ts';
import { run } from './run.ts';

/** The release that `go install` builds; newer tags do not install that way. */
const goModule = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const program = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
const downloadTimeoutMs = 30_000;
const buildTimeoutMs = 15 * 60_000;

export interface TemporalBinaryOptions {
  /** The folders of PATH. */
  readonly searchPath: string;
  readonly cacheDir: string;
  /** The environment of the tools that fetch or build it: proxies, Go's own variables. */
  readonly env: Record<string, string>;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A Temporal CLI that works, from the first of: PATH, the user's cache, the SDK's download, a build with Go. What was
 * downloaded or built is kept in the cache.
 *
 * @throws ConfigurationError naming TEMPORAL_ADDRESS when there is none to be had; what `signal` was aborted with
 */
export async function findTemporalBinary(options: TemporalBinaryOptions): Promise<string> {
  const cached = join(options.cacheDir, 'bin', program);
  const candidates = [...options.searchPath.split(delimiter).map((folder) => join(folder || '.', program)), cached];
  for (const candidate of candidates) {
    if (isExecutable(candidate) && (await works(candidate, options))) {
      return candidate;
    }
  }
  const failures: string[] = [];
  for (const fetchInto of [download, build]) {
    const temporary = join(options.cacheDir, `temporal-${process.pid}`);
    try {
      mkdirSync(temporary, { recursive: true });
      const fetched = await fetchInto(temporary, options);
      if (!(await works(fetched, options))) {
        throw new Error('what came does not run here');
      }
      mkdirSync(join(options.cacheDir, 'bin'), { recursive: true });
      renameSync(fetched, cached);
      return cached;
    } catch (thrown) {
      options.signal?.throwIfAborted();
      failures.push(errorText(thrown, 300));
      options.log(errorText(thrown, 300));
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  }
  throw new ConfigurationError(
    'TEMPORAL_ADDRESS',
    `TEMPORAL_ADDRESS is not set, and there is no Temporal server to start: \`temporal\` is not on PATH, ${failures.join('; ')}. ` +
      'Install the Temporal CLI, or Go, or set TEMPORAL_ADDRESS to a server of your own.',
  );
}

/** The SDK's own download, run in a process of its own: it cannot be cancelled, a process can. */
async function download(folder: string, { env, log, signal }: TemporalBinaryOptions): Promise<string> {
  log('downloading the Temporal server …');
  const script = `
    import { TestWorkflowEnvironment } from ${JSON.stringify(import.meta.resolve('@temporalio/testing'))};
    const executable = { type: 'cached-download', downloadDir: ${JSON.stringify(folder)} };
    const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
    await environment.teardown();`;
  const args = ['--input-type=module', '--no-warnings', '--eval', script];
  try {
    await run(process.execPath, args, { env, cwd: folder, timeoutMs: downloadTimeoutMs, signal });
  } catch (thrown) {
    signal?.throwIfAborted();
    throw new Error('the Temporal server could not be downloaded (no way to the internet?)', { cause: thrown });
  }
  const found = readdirSync(folder).find((name) => name.startsWith('temporal') && isExecutable(join(folder, name)));
  if (found === undefined) {
    throw new Error('the download left no Temporal server');
  }
  return join(folder, found);
}

async function build(folder: string, { env, log, signal }: TemporalBinaryOptions): Promise<string> {
  const started = Date.now();
  const say = () => log(`building the Temporal server with Go, about 3 minutes … ${elapsed(started)}`);
  say();
  const timer = setInterval(say, 15_000);
  try {
    const options = { cwd: folder, timeoutMs: buildTimeoutMs, signal };
    await run('go', ['install', goModule], { ...options, env: { ...env, GOBIN: folder, GOFLAGS: '' } });
    log(`built the Temporal server in ${elapsed(started)}`);
    return join(folder, program);
  } catch (thrown) {
    signal?.throwIfAborted();
    const missing = errorCode(thrown) === 'ENOENT';
    throw new Error(missing ? 'Go is not installed' : `Go could not build it: ${errorText(thrown, 200)}`, {
      cause: thrown,
    });
  } finally {
    clearInterval(timer);
  }
}

function elapsed(sinceMs: number): string {
  return `${Math.round((Date.now() - sinceMs) / 1000)} s`;
}

async function works(candidate: string, { env, log, signal }: TemporalBinaryOptions): Promise<boolean> {
  try {
    const output = await run(candidate, ['--version'], { env, cwd: '/', timeoutMs: 20_000, signal });
    return /^temporal version/m.test(output);
  } catch {
    signal?.throwIfAborted();
    log(`${candidate} does not run; looking further`);
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return existsSync(path) && statSync(path).isFile();
  } catch {
    return false;
  }
}
