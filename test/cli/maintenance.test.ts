import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { actionSchema } from '../../src/contracts/http/action.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';
import { createTestApi, POST, postRaw, type TestApi } from '../support/api.ts';
import { createTestCli, type TestCli } from '../support/cli.ts';

let api: TestApi;
let cli: TestCli;
beforeAll(async () => {
  api = await createTestApi();
  cli = createTestCli({ AOL_API_PORT: new URL(api.url).port, DATABASE_URL: api.database.url });
});
afterAll(async () => {
  cli.close();
  await api.close();
});

async function proven(content: string): Promise<{ id: string; uri: string }> {
  const body = JSON.stringify({ type: 'POST_SOCIAL', payload: { ...POST, content } });
  const { id } = actionSchema.parse((await postRaw(api, '/v1/actions', body)).json());
  const bytes = Buffer.from(JSON.stringify({ content }));
  const sha256 = sha256Hex(bytes);
  const uri = await createArtifactStore(`file:${join(cli.dataDir, 'artifacts')}`).put(id, sha256, bytes);
  await api.database.pool.query('UPDATE aol_actions SET artifact_sha256 = $2, artifact_uri = $3 WHERE id = $1', [
    id,
    sha256,
    uri,
  ]);
  return { id, uri };
}

describe('artifacts verify', () => {
  test('counts, and fails on a missing and on an altered artifact', async () => {
    expect((await cli.run(['artifacts', 'verify'])).out).toBe('0 checked, 0 intact, 0 wrong');
    await proven('one');
    const altered = await proven('two');
    const missing = await proven('three');
    expect(await cli.run(['artifacts', 'verify'])).toMatchObject({ exitCode: 0, out: '3 checked, 3 intact, 0 wrong' });
    const folder = join(cli.dataDir, 'artifacts');
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));
    const pathOf = (id: string) => paths.find((path) => path.includes(id)) ?? '';
    rmSync(pathOf(altered.id));
    writeFileSync(pathOf(altered.id), '{"content":"2"}');
    rmSync(pathOf(missing.id));
    const result = await cli.run(['artifacts', 'verify', '--json']);
    expect(result.exitCode).toBe(1);
    const { checked, intact, wrong } = z
      .object({ checked: z.int(), intact: z.int(), wrong: z.array(z.object({ id: z.string() })) })
      .parse(result.json());
    expect({ checked, intact, wrong: wrong.map(({ id }) => id) }).toEqual({
      checked: 3,
      intact: 1,
      wrong: [altered.id, missing.id],
    });
  });

  test('a database that is away is 4', async () => {
    const env = { DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none' };
    expect(await cli.run(['artifacts', 'verify'], { env })).toMatchObject({ exitCode: 4, out: '' });
  });
});

describe('migrate', () => {
  test('says what it did; --down needs --yes', async () => {
    expect(await cli.run(['migrate'])).toMatchObject({ exitCode: 0, out: 'the schema is up to date' });
    expect(await cli.run(['migrate', '--down'])).toMatchObject({ exitCode: 2, out: '' });
    const env = { DATABASE_URL: '' };
    expect(await cli.run(['migrate'], { env })).toMatchObject({
      exitCode: 5,
      talk: expect.stringContaining('DATABASE_URL'),
    });
  });
});
