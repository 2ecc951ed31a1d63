/** A call ends at its time limit under every Node that the client is for, whatever the garbage collection takes meanwhile. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { nodePrograms } from '../support/nodes.ts';

const run = promisify(execFile);
const client = new URL('../../dist/src/client/client.js', import.meta.url).href;
/** It collects until the limit, and for long after it; only then does it say that the call goes on. */
const SCRIPT = `
  import { createServer } from 'node:http';
  import { AolClient } from ${JSON.stringify(client)};
  const server = createServer((_, response) => {
    if (process.argv[1] === 'half') response.writeHead(200).write('{');
  });
  server.listen(0, '127.0.0.1', async () => {
    const baseUrl = 'http://127.0.0.1:' + server.address().port;
    setInterval(() => gc(), 20);
    setTimeout(() => end('it goes on'), 10_000);
    const controller = new AbortController();
    const options = { seen: 'PENDING', signal: controller.signal };
    const api = new AolClient({ baseUrl, timeoutMs: 300, maxTries: 1 });
    const call = process.argv[2] === 'signal' ? api.wait('x', options) : api.status();
    end(await call.catch((error) => error.cause.name));
  });
  function end(how) {
    console.log(how);
    process.exit();
  }`;

const nodes = await nodePrograms([20, 22, 24]);

describe.each(nodes.map(({ major, path }) => [`Node ${major}`, path] as const))('under %s', (_name, path) => {
  test.each([
    ['no answer', []],
    ['half an answer', ['half']],
    ['no answer to a call with a signal', ['none', 'signal']],
  ])('%s', async (_answer, args) => {
    const { stdout } = await run(path, ['--expose-gc', '--input-type=module', '--eval', SCRIPT, ...args]);
    expect(stdout).toBe('TimeoutError\n');
  });
});
