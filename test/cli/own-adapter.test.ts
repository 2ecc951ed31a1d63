/** An adapter of one's own, as docs/adapters.md says: written, tried, loaded by worker and API, queued, sent. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { commandsIn } from '../support/markdown.ts';
import { type Product, START_LIMIT_MS, startProduct } from '../support/product.ts';
import { answer, answering, type Receiver, startReceiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';

// Each of them starts commands, which beside other work take most of a test's time to begin.
jest.setTimeout(START_LIMIT_MS);

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const main = join(root, 'dist/src/cli/main.js');
let folder: string;
const aol = (...args: string[]) => run(process.execPath, [main, ...args], { cwd: folder });
/** What a command that fails has written. */
const failing = (...args: string[]) =>
  aol(...args).then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => String(Reflect.get(Object(error), 'stdout')) + String(Reflect.get(Object(error), 'stderr')),
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aol-own-adapter-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('written and tried', () => {
  test('the example passes every check, and is never written over', async () => {
    const { stdout } = await aol('adapters', 'new', 'ring_bell');
    expect(stdout).toContain('aol adapters test ring_bell.js');
    expect((await readFile(join(folder, 'ring_bell.js'), 'utf8')).trim().split('\n').length).toBeLessThanOrEqual(40);
    const tried = await aol('adapters', 'test', 'ring_bell.js');
    expect(tried.stdout).toMatch(/\n8 passed, 0 failed\n$/u);
    expect(await failing('adapters', 'new', 'ring_bell')).toContain('ring_bell.js is there already');
    expect(await failing('adapters', 'new', 'Ring Bell')).toContain('lower-case letters');
  });

  test('its own test runs where aol is installed', async () => {
    await mkdir(join(folder, 'node_modules'));
    await symlink(root, join(folder, 'node_modules', 'aol'));
    await symlink(join(root, 'node_modules', 'zod'), join(folder, 'node_modules', 'zod'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'ring_bell.test.js'], {
      cwd: folder,
    });
    expect(stdout).toMatch(/^# pass 1[0-9]$/mu);
    expect(stdout).toMatch(/^# fail 0$/mu);
  });

  test.each([
    [
      'a clock in the rendering',
      'body: { text }',
      'body: { text, at: Math.random() }',
      'renders the same bytes each time',
    ],
    [
      'a second request',
      'const answer = await exchange.send(request, { signal });',
      'await exchange.send(request, { signal }); const answer = await exchange.send(request, { signal });',
      'once',
    ],
    [
      'an abort that is not heeded',
      'exchange.send(request, { signal })',
      'exchange.send(request, { signal: AbortSignal.timeout(1500) })',
      'within a second',
    ],
    [
      'other bytes than were stored',
      'exchange.send(request, { signal })',
      "exchange.send({ ...request, url: 'https://other.example/' }, { signal })",
      'what is sent is what was stored',
    ],
    [
      'a lost answer that is called not sent',
      "if (answer.kind !== 'answer') return answer;",
      "if (answer.kind !== 'answer') return { kind: 'not_sent', reason: 'lost' };",
      'a lost answer is unknown',
    ],
  ])('%s is found', async (_name, good, bad, check) => {
    const source = await readFile(join(folder, 'ring_bell.js'), 'utf8');
    expect(source).toContain(good);
    await writeFile(join(folder, 'bad.js'), source.replace(good, bad));
    expect(await failing('adapters', 'test', 'bad.js')).toMatch(new RegExp(`^FAILED .*${check}`, 'mu'));
  });

  test.each([
    ['no such file', 'nowhere.js', /AOL_ADAPTERS.*nowhere\.js/u],
    ['no adapter', 'nothing.js', /must export an adapter/u],
    ['a throw', 'throws.js', /throws\.js: at once/u],
  ])('%s stops the start, and is named', async (_name, file, message) => {
    await writeFile(join(folder, 'nothing.js'), 'export const nothing = 1;');
    await writeFile(join(folder, 'throws.js'), "throw new Error('at once');");
    expect(await failing('adapters', 'test', file)).toMatch(message);
  });
});

describe('at work', () => {
  let product: Product;
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await startReceiver(answering(answer(200)));
    product = await startProduct({
      AOL_ADAPTERS: join(folder, 'ring_bell.js'),
      AOL_PROOF_MODE: '0',
      AOL_WEBHOOK_ALLOW: receiver.host,
    });
  });
  afterAll(async () => {
    await product?.close();
    await receiver?.close();
  });

  test('worker and API know it: what was proved is what is received', async () => {
    const { client } = product;
    expect((await client.listAdapters()).items.map(({ type }) => type)).toContain('RING_BELL');
    await client.patchFlags({ lane: 'default', flags: { proof_only: false } });
    const { id } = await client.enqueue({
      type: 'RING_BELL',
      payload: { url: `http://${receiver.host}/ring`, text: 'Grüße' },
      mode: 'REAL',
    });
    await until('it is sent', async () => (await client.getAction(id)).status === 'SUCCESS');
    expect(receiver.requests()).toHaveLength(1);
    expect(receiver.requests()[0]).toMatch(/^POST \/ring HTTP\/1\.1\r\n/u);
    expect(receiver.requests()[0]?.endsWith('{"text":"Grüße"}')).toBe(true);
  });
});

test('docs/adapters.md has the commands that were run here, and no other', async () => {
  const page = await readFile(join(root, 'docs/adapters.md'), 'utf8');
  expect(commandsIn(page)).toEqual([
    'npx aol adapters new ring_bell',
    'npx aol adapters test ring_bell.js',
    // With a data folder of its own, and the receiver allowed.
    'AOL_ADAPTERS=./ring_bell.js npm start',
  ]);
});
