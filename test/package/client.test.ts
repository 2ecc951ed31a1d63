/** `aol-client` as another project gets it: packed, installed into an empty folder, imported, bundled for a browser. */

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
/** The Node of this machine, without the one of this project: 20 where only 20 is installed. */
const PATH = loadConfig()
  .machine.searchPath.split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);
let project: string;
let server: Server;
let baseUrl: string;

const PROGRAM = `
import { AolClient, AolApiError } from 'aol-client';
const aol = new AolClient({ baseUrl: process.argv[2], token: 'secret' });
const found = { lane: (await aol.listLanes()).items[0].lane, kinds: [] };
for await (const event of aol.events()) {
  found.kinds.push(event.kind === 'log' ? event.log.event : event.kind);
  if (event.kind === 'log') break;
}
found.refused = await aol.status().catch((error) => error instanceof AolApiError && error.code);
console.log(JSON.stringify(found));
`;

const TYPED = `
import { type Action, AolClient, type LogEntry } from 'aol-client';
const aol = new AolClient({ baseUrl: 'http://127.0.0.1:1' });
export const queued: Promise<Action> = aol.enqueue({ type: 'POST_SOCIAL', payload: { platform: 'x', content: 'Hello' } });
export const known = (entry: LogEntry): boolean => entry.event === 'ENQUEUED';
export const attempts = async (): Promise<number> => (await queued).attempts;
// @ts-expect-error there is no such platform
export const wrong = aol.enqueue({ type: 'POST_SOCIAL', payload: { platform: 'myspace', content: 'Hello' } });
// @ts-expect-error types reach this far
export const alsoWrong = async (): Promise<number> => (await queued).lane;
`;

const LOG_ROW = {
  id: 1,
  at: '2026-11-27T10:00:00.000Z',
  lane: 'default',
  actionId: null,
  tickId: null,
  attempt: null,
  event: 'TRANSLATED',
  level: 'INFO',
  actor: 'test',
  message: '',
  detail: null,
  artifactSha256: null,
  durationMs: null,
};

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'aol-client-consumer-'));
  const { stdout } = await run(process.execPath, [join(root, 'packages', 'aol-client', 'pack.mjs'), project]);
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const install = ['install', '--offline', '--no-audit', '--no-fund', stdout.trim()];
  await run('npm', install, { cwd: project, env: { PATH, HOME: project } });
  await writeFile(join(project, 'program.js'), PROGRAM);
  await writeFile(join(project, 'typed.ts'), TYPED);
  server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', 'authorization, last-event-id');
    if (request.method === 'OPTIONS') response.writeHead(204).end();
    else if (request.url === '/v1/lanes') {
      const page = { items: [{ lane: 'default' }], nextCursor: null, total: 1, totalIsExact: true };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
    } else if (request.url === '/v1/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: ready\ndata: {}\n\nid: 1\nevent: log\ndata: ${JSON.stringify(LOG_ROW)}\n\n`);
    } else {
      const problem = { type: 'x', title: 'x', status: 403, detail: 'no', code: 'AOL_FORBIDDEN' };
      response.writeHead(403, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  baseUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}, 120_000);
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(project, { recursive: true, force: true });
});

const FOUND = { lane: 'default', kinds: ['ready', 'TRANSLATED'], refused: 'AOL_FORBIDDEN' };

test('is installed alone, and works in the Node of this machine', async () => {
  const installed = (await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.'));
  expect(installed).toEqual(['aol-client']);
  const { stdout } = await run('/usr/bin/env', ['node', 'program.js', baseUrl], { cwd: project, env: { PATH } });
  expect(JSON.parse(stdout)).toEqual(FOUND);
});

test('has the version of the whole, and says which Node it needs', async () => {
  const own = JSON.parse(await readFile(join(project, 'node_modules', 'aol-client', 'package.json'), 'utf8'));
  const whole = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(own).toMatchObject({ version: whole.version, engines: { node: '>=20.3' } });
  expect(own).not.toHaveProperty('dependencies');
});

test('its types need no other package', async () => {
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--lib', 'es2023,dom'];
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, ...options, 'typed.ts'], { cwd: project });
}, 60_000);

test('is bundled for a browser, and works in one', async () => {
  const source = PROGRAM.replace('process.argv[2]', JSON.stringify(baseUrl)).replace('console.log', 'report');
  await writeFile(join(project, 'page.js'), source);
  const rolldown = join(root, 'node_modules', 'rolldown', 'bin', 'cli.mjs');
  const options = ['--platform', 'browser', '--format', 'esm', '--minify', '--file', 'bundle.js'];
  await run(process.execPath, [rolldown, 'page.js', ...options], { cwd: project });
  const code = await readFile(join(project, 'bundle.js'), 'utf8');
  expect(code).not.toMatch(/\bfrom\s*["']|\bimport\s*["'(]|\brequire\(/u);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const reported: string[] = [];
    await page.exposeFunction('report', (text: string) => reported.push(text));
    await page.addScriptTag({ type: 'module', content: code });
    const found = await until('the page reports', () => Promise.resolve(reported[0]));
    expect(JSON.parse(found)).toEqual(FOUND);
  } finally {
    await browser.close();
  }
}, 60_000);
