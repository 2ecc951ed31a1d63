/** Records the history of every path, or of those that are named, on a real dev server: `npm run record-histories -- NAME`. */

import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { childEnvironment, loadConfig } from '../../src/config/index.ts';
import { findTemporalBinary, freePort, startTemporal } from '../../src/local/index.ts';
import { silentLog } from '../../src/worker/log.ts';
import { registerSearchAttributes } from '../../src/worker/search-attributes.ts';
import { paths, recordPath, recordTick, tickPaths } from './scripted-lane.ts';
import { noticePaths, recordNotices } from './scripted-notices.ts';
import { quietRuntime } from './workflows.ts';

const folder = new URL('../histories/', import.meta.url);
const exec = promisify(execFile);
const log = (line: string) => void process.stderr.write(`${line}\n`);

/** Histories that are there stay: of one version there may be several recordings, `0.2.0` and `0.2.0+2`. */
async function firstFree(released: string): Promise<string> {
  const taken = await readdir(folder);
  for (let recording = 1; ; recording += 1) {
    const name = recording === 1 ? released : `${released}+${recording}`;
    if (!taken.some((file) => file.startsWith(`${name}-`))) return name;
  }
}

quietRuntime();
const { searchPath, cacheDir } = loadConfig().machine;
const binary = await findTemporalBinary({ searchPath, cacheDir, env: childEnvironment(), log });
const server = await startTemporal({ dataDir: undefined, port: await freePort(), uiPort: undefined, binary, log });
try {
  const connection = await Connection.connect({ address: server.address });
  const nativeConnection = await NativeConnection.connect({ address: server.address });
  const client = new Client({ connection });
  const { version: released } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  await mkdir(folder, { recursive: true });
  const version = await firstFree(released);
  const servers = { client, nativeConnection };
  const all = [
    ...Object.entries(paths).map(([name, path]) => [name, () => recordPath(servers, name, path)] as const),
    ...Object.entries(tickPaths).map(([name, path]) => [name, () => recordTick(servers, name, path)] as const),
    ...Object.entries(noticePaths).map(([name, path]) => [name, () => recordNotices(servers, name, path)] as const),
  ];
  const named = process.argv.slice(2);
  const unknown = named.filter((name) => all.every(([path]) => path !== name));
  if (unknown.length > 0) throw new Error(`there is no path ${unknown.join(', ')}`);
  log('the search attributes are registered, which takes the server 20 s …');
  const signal = new AbortController().signal;
  const attributes = { connection: nativeConnection, namespace: 'default', log: silentLog, signal };
  await registerSearchAttributes({ ...attributes, onUsable: () => log('they are known') });
  for (const [name, record] of all.filter(([path]) => named.length === 0 || named.includes(path))) {
    const run = await record();
    const show = [
      'workflow',
      'show',
      '--address',
      server.address,
      '--workflow-id',
      run.workflowId,
      '--run-id',
      run.runId,
    ];
    const { stdout } = await exec(binary, [...show, '--output', 'json'], { maxBuffer: 64 * 1024 * 1024 });
    const text = stdout.replaceAll(/"identity": *"[^"]*"/g, '"identity": "worker"');
    const history = JSON.parse(text);
    await writeFile(new URL(`${version}-${name}.json`, folder), `${JSON.stringify(history)}\n`);
    log(`${version}-${name}: ${history.events.length} events`);
  }
  await nativeConnection.close();
  await connection.close();
} finally {
  await server.stop();
}
