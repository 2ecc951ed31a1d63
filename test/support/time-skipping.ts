/** The official time-skipping test server, from wherever this machine can have it: days pass in seconds. */

import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';

const run = promisify(execFile);
const VERSION = '1.31.0';

/**
 * Starts the server: Maven's copy when Java and Maven are there (kept in the user's cache), else the SDK's download.
 * When neither can be had it throws: these tests are never skipped.
 */
export async function createTimeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const script = await mavenServer().catch((error: Error) => error);
  if (typeof script === 'string') {
    return TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path: script } },
    });
  }
  try {
    return await TestWorkflowEnvironment.createTimeSkipping();
  } catch (error) {
    throw new Error(
      `no time-skipping test server: install Java and Maven (${script.message}), or allow the SDK's download`,
      { cause: error },
    );
  }
}

/** The path of a script that starts the server on the port it is given. */
async function mavenServer(): Promise<string> {
  // biome-ignore lint/style/noProcessEnv: where the user keeps caches
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'aol', `time-skipping-server-${VERSION}`);
  const script = join(folder, 'start');
  const found: string[] = await readdir(folder).catch(() => []);
  await run('java', ['-version']);
  if (found.includes('start')) return script;
  const draft = `${folder}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  const pom = fileURLToPath(new URL('time-skipping-server/pom.xml', import.meta.url));
  await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${join(draft, 'lib')}`]);
  await writeFile(join(draft, 'start'), startScript(join(folder, 'lib')));
  await chmod(join(draft, 'start'), 0o755);
  await rename(draft, folder).catch(() => rm(draft, { recursive: true }));
  return script;
}

function startScript(jars: string): string {
  return `#!/bin/sh\nexec java -Xmx256m -cp '${jars}/*' io.temporal.testserver.TestServer "$1" 2>/dev/null\n`;
}
