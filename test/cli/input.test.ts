// biome-ignore-all lint/style/noProcessEnv: what a child process is given
/** What comes in from outside and is not UTF-8 is refused, and nothing is queued; a byte order mark is none of the text. */

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process, { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestApi, type TestApi, TOKENS } from '../support/api.ts';
import { createTestCli, type TestCli } from '../support/cli.ts';

let api: TestApi;
let cli: TestCli;
beforeAll(async () => {
  api = await createTestApi();
  cli = createTestCli({ AOL_API_PORT: new URL(api.url).port });
});
afterAll(async () => {
  cli.close();
  await api.close();
});
beforeEach(() => api.database.pool.query('TRUNCATE aol_actions CASCADE'));

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const withMark = (text: string) => Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), Buffer.from(text)]);
const payload = (content: string) => JSON.stringify({ platform: 'bluesky', content });
const line = (key: string) =>
  JSON.stringify({ type: 'POST_SOCIAL', idempotencyKey: key, payload: { platform: 'bluesky', content: key } });
const contents = async () =>
  (await api.database.pool.query('SELECT payload FROM aol_actions ORDER BY id')).rows.map((row) => row.payload.content);

/** A file, as `@FILE` and as `FILE`, and stdin. */
function sources(bytes: Buffer) {
  const file = join(cli.dataDir, 'input');
  writeFileSync(file, bytes);
  return [
    { name: 'a file', payload: `@${file}`, batch: file, stdin: '' },
    { name: 'stdin', payload: '-', batch: '-', stdin: bytes },
  ];
}

describe('a payload, and a batch', () => {
  test('that is not UTF-8 is refused, from a file and from stdin', async () => {
    for (const source of sources(latin1(payload('café')))) {
      const args = ['enqueue', 'POST_SOCIAL', '--payload', source.payload];
      const refused = await cli.run(args, { stdin: source.stdin });
      expect(refused).toMatchObject({ exitCode: 2, out: '', talk: expect.stringMatching(/--payload .*is not UTF-8/) });
    }
    for (const source of sources(latin1(`${line('Müller')}\n${line('Möller')}\n`))) {
      const refused = await cli.run(['enqueue', '--batch', source.batch], { stdin: source.stdin });
      expect(refused).toMatchObject({ exitCode: 2, out: '', talk: expect.stringMatching(/--batch .*is not UTF-8/) });
    }
    expect(await contents()).toEqual([]);
  });

  test('may begin with a byte order mark', async () => {
    for (const source of sources(withMark(payload('Grüße')))) {
      const args = ['enqueue', 'POST_SOCIAL', '--payload', source.payload];
      expect(await cli.run(args, { stdin: source.stdin })).toMatchObject({ exitCode: 0 });
    }
    for (const [index, source] of sources(withMark('')).entries()) {
      const bytes = withMark(line(`batch ${index}`));
      if (source.stdin === '') writeFileSync(source.batch, bytes);
      const queued = await cli.run(['enqueue', '--batch', source.batch], { stdin: bytes });
      expect(queued).toMatchObject({ exitCode: 0, talk: '' });
    }
    expect(await contents()).toEqual(['Grüße', 'Grüße', 'batch 0', 'batch 1']);
  });
});

(process.platform === 'linux' ? test : test.skip)(
  'what is typed and is not UTF-8 is refused, where it can be told',
  async () => {
    const program = fileURLToPath(new URL('../../bin/aol.mjs', import.meta.url));
    const command = `exec "$NODE" "$PROGRAM" enqueue POST_SOCIAL --payload "$(printf '{"platform":"x","content":"caf\\351"}')"`;
    const child = spawn('sh', ['-c', command], {
      env: {
        PATH: env.PATH,
        NODE: process.execPath,
        PROGRAM: program,
        AOL_DATA_DIR: cli.dataDir,
        AOL_API_PORT: new URL(api.url).port,
        AOL_ADMIN_TOKEN: TOKENS.admin,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let talk = '';
    child.stderr.on('data', (chunk: Buffer) => {
      talk += chunk.toString('utf8');
    });
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    expect({ exitCode, talk }).toEqual({ exitCode: 2, talk: 'aol: the command line is not UTF-8; nothing was done\n' });
    expect(await contents()).toEqual([]);
  },
  60_000,
);

describe('numbers of options', () => {
  test.each([
    ['actions list --limit abc'],
    ['actions list --limit 0'],
    ['actions list --limit 1e2'],
    ['dlq list --limit abc'],
    ['logs --limit 201'],
    ['run --ticks 1.5'],
    ['run --ticks 0x10'],
    ['enqueue POST_SOCIAL --priority 101'],
    ['enqueue POST_SOCIAL --priority 7x'],
    ['enqueue POST_SOCIAL --max-attempts 4'],
  ])('aol %s: the command line is wrong', async (args) => {
    expect(await cli.run(args.split(' '))).toMatchObject({
      exitCode: 2,
      out: '',
      talk: expect.stringMatching(/must be a whole number from/),
    });
  });
});
