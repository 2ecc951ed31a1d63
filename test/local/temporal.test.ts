import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { childEnvironment, loadConfig } from '../../src/config/index.ts';
import {
  assertPortFree,
  findTemporalBinary,
  freePort,
  startTemporal,
  type TemporalServer,
} from '../../src/local/index.ts';
import { isAlive } from '../../src/local/processes.ts';

let binary: string;
let dataDir: string;
let lines: string[];
let servers: TemporalServer[];
const log = (line: string) => void lines.push(line);

beforeAll(async () => {
  lines = [];
  binary = await findTemporalBinary({ ...loadConfig().machine, env: childEnvironment(), log });
});

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'aol-temporal-'));
  lines = [];
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(dataDir, { recursive: true });
});

async function start(options: { inMemory?: boolean; port?: number; uiPort?: number } = {}): Promise<TemporalServer> {
  const { inMemory = false, port = await freePort(), uiPort } = options;
  const folder = inMemory ? undefined : dataDir;
  const server = await startTemporal({ dataDir: folder, port, uiPort, binary, log, namespace: 'aol-test' });
  servers.push(server);
  return server;
}

describe("Temporal's dev server", () => {
  test('keeps its data private, takes over a server that was left behind, serves its page, and stops', async () => {
    const port = await freePort();
    const first = await start({ port });
    expect(statSync(join(dataDir, 'temporal.db')).mode & 0o777).toBe(0o600);
    const second = await start({ port, uiPort: await freePort() });
    expect(lines.join()).toContain(`pid ${first.pid}`);
    await first.exited;
    expect((await fetch(second.uiUrl ?? '')).status).toBe(200);

    const connection = await Connection.connect({ address: second.address });
    const { namespaces } = await connection.workflowService.listNamespaces({});
    await connection.close();
    expect(namespaces.map(({ namespaceInfo }) => namespaceInfo?.name)).toContain('aol-test');

    await second.stop();
    expect(isAlive(second.pid)).toBe(false);
  });

  test('in memory it has no page and needs no data folder', async () => {
    const server = await start({ inMemory: true });
    expect(server.uiUrl).toBeUndefined();
    expect(existsSync(join(dataDir, 'temporal.db'))).toBe(false);
  });

  test('taken ports are named', async () => {
    const taken = await listen();
    const { port } = taken;
    try {
      await expect(start({ port })).rejects.toThrow(/AOL_TEMPORAL_PORT/);
      await expect(start({ uiPort: port })).rejects.toThrow(/AOL_TEMPORAL_UI_PORT/);
      await expect(assertPortFree('AOL_API_PORT', port)).rejects.toThrow(/^AOL_API_PORT: port .* is taken/);
    } finally {
      await new Promise((resolve) => taken.server.close(resolve));
    }
  });
});

test('a port that a connection of this machine uses is said to be that', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const socket = connect({
    host: '127.0.0.1',
    port: typeof address === 'object' && address !== null ? address.port : 0,
  });
  try {
    await once(socket, 'connect');
    const own = socket.localPort ?? 0;
    const refused = assertPortFree('AOL_POSTGRES_PORT', own, '127.0.0.1', 0);
    await expect(refused).rejects.toThrow(
      /^AOL_POSTGRES_PORT: port .* connection of this machine, though nobody listens/,
    );
    const waiting = assertPortFree('AOL_POSTGRES_PORT', own);
    socket.resetAndDestroy();
    await waiting;
  } finally {
    socket.destroy();
    server.close();
  }
});

test('a free port lies below those that outgoing connections get', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

describe('the Temporal program', () => {
  const script = (name: string, body: string) => {
    mkdirSync(join(dataDir, name, 'bin'), { recursive: true });
    const path = join(dataDir, name, 'bin', 'temporal');
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  };
  const search = (searchPath: string, signal?: AbortSignal) =>
    findTemporalBinary({
      searchPath,
      cacheDir: join(dataDir, 'cache'),
      env: {
        ...childEnvironment(),
        PATH: join(dataDir, 'go'),
        https_proxy: 'http://127.0.0.1:9',
        HTTPS_PROXY: 'http://127.0.0.1:9',
      },
      log,
      signal,
    });

  test('is the first that works: PATH, then the cache', async () => {
    const broken = script('broken', 'exit 1');
    const cached = script('cache', 'echo temporal version 1');
    const good = script('good', 'echo temporal version 2');
    const folder = (path: string) => join(path, '..');
    expect(await search(`${folder(broken)}:${folder(good)}`)).toBe(good);
    expect(lines.join()).toContain(broken);
    expect(await search(folder(broken))).toBe(cached);
  });

  test('is not to be had without network and Go: the error names TEMPORAL_ADDRESS and every source that was tried', async () => {
    await expect(search('')).rejects.toThrow(/TEMPORAL_ADDRESS.*PATH.*downloaded.*Go is not installed/s);
    expect(existsSync(join(dataDir, 'cache', 'bin'))).toBe(false);
  });

  test('a search is given up at once when asked', async () => {
    mkdirSync(join(dataDir, 'go'));
    writeFileSync(join(dataDir, 'go', 'go'), '#!/bin/sh\n/bin/sleep 60\n', { mode: 0o755 });
    const giveUp = new AbortController();
    const started = Date.now();
    setTimeout(() => giveUp.abort(new Error('given up')), 2_500);
    await expect(search('', giveUp.signal)).rejects.toThrow('given up');
    expect(Date.now() - started).toBeLessThan(6_000);
  });
});

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}
