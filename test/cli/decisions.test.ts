import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { dlqAnswerSchema } from '../../src/contracts/http/decisions.ts';
import { laneFlagsSchema } from '../../src/contracts/http/flags.ts';
import { findAction } from '../../src/db/decide/cancel.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';
import { createTestApi, type TestApi, TOKENS } from '../support/api.ts';
import { createTestCli, type TestCli } from '../support/cli.ts';
import { dead, finished, unconfirmed } from '../support/settled.ts';

let api: TestApi;
let cli: TestCli;
let db: TestApi['database']['pool'];
beforeAll(async () => {
  api = await createTestApi();
  cli = createTestCli({ AOL_API_PORT: new URL(api.url).port, DATABASE_URL: api.database.url });
  db = api.database.pool;
});
afterAll(async () => {
  cli.close();
  await api.close();
});

const statusOf = async (id: string) => (await findAction(db, id)).status;
const terminal = (answer: string) => ({ isTerminal: true, ask: () => Promise.resolve(answer) });

describe('actions replay and resolve', () => {
  test('replay says that it waits, and why; again is refused', async () => {
    const id = await dead(db);
    expect(await cli.run(['actions', 'replay', id, '--reason', 'fixed'])).toMatchObject({
      exitCode: 0,
      out: `${id} is in the queue again; no worker is running`,
    });
    expect(await cli.run(['actions', 'replay', id])).toMatchObject({
      exitCode: 3,
      talk: expect.stringContaining('PENDING'),
    });
  });

  test('resolve needs an outcome and a yes', async () => {
    const id = await unconfirmed(db);
    expect((await cli.run(['actions', 'resolve', id, '--yes'])).talk).toContain('--sent or --not-sent');
    expect((await cli.run(['actions', 'resolve', id, '--sent', '--not-sent', '--yes'])).exitCode).toBe(2);
    expect(await cli.run(['actions', 'resolve', id, '--not-sent'])).toMatchObject({
      exitCode: 2,
      talk: expect.stringContaining('sent twice'),
    });
    expect((await cli.run(['actions', 'resolve', id, '--sent'], terminal('n'))).exitCode).toBe(2);
    expect(await statusOf(id)).toBe('UNCONFIRMED');
    expect(await cli.run(['actions', 'resolve', id, '--sent', '--yes'])).toMatchObject({
      exitCode: 0,
      out: `${id} is SUCCESS`,
    });
    const other = await unconfirmed(db);
    const asked = await cli.run(['actions', 'resolve', other, '--not-sent', '--reason', 'asked them'], terminal('y'));
    expect(asked).toMatchObject({ exitCode: 0, out: expect.stringContaining('is in the queue again') });
  });
});

describe('dlq', () => {
  test('list shows why they died', async () => {
    const id = await dead(db);
    const { out } = await cli.run(['dlq', 'list', '--lane', 'default', '--limit', '1']);
    expect(out.split('\n')).toHaveLength(2);
    expect(out).toContain(id);
    expect(out).toMatch(/exhausted +3 .*the provider said no/);
  });

  test('ids are replayed without a question and cleared with one; what is none is named', async () => {
    const [first, second] = [await dead(db), await dead(db)];
    const replayed = await cli.run(['dlq', 'replay', first, '--reason', 'back']);
    expect(replayed).toMatchObject({ exitCode: 0, out: '1 dead letter replayed' });
    expect(await cli.run(['dlq', 'clear', second])).toMatchObject({
      exitCode: 2,
      talk: expect.stringContaining('1 dead letter'),
    });
    const cleared = await cli.run(['dlq', 'clear', first, second, '--yes']);
    expect(cleared).toMatchObject({ exitCode: 3, out: `1 dead letter cleared\n${first}: PENDING` });
    expect(await statusOf(second)).toBe('CANCELLED');
  });

  test('--all and filters count first, and need --yes or a person', async () => {
    await cli.run(['dlq', 'clear', '--all', '--yes']);
    const ids = [await dead(db), await dead(db, { why: 'rejected' }), await dead(db, { type: 'OTHER' })];
    expect((await cli.run(['dlq', 'replay', '--all', '--dry-run'])).out).toBe('3 dead letters would be replayed');
    expect(await cli.run(['dlq', 'replay', '--all'])).toMatchObject({
      exitCode: 2,
      out: '',
      talk: expect.stringContaining('3 dead letters fit'),
    });
    expect((await cli.run(['dlq', 'replay', '--dlq-reason', 'rejected'], terminal('no'))).exitCode).toBe(2);
    expect(await Promise.all(ids.map(statusOf))).toEqual(['DLQ', 'DLQ', 'DLQ']);
    const some = await cli.run(['dlq', 'clear', '--dlq-reason', 'rejected', '--lane', 'default'], terminal('yes'));
    expect(some).toMatchObject({ exitCode: 0, out: '1 dead letter cleared' });
    const rest = await cli.run(['dlq', 'replay', '--all', '--yes', '--json']);
    expect(dlqAnswerSchema.parse(rest.json())).toMatchObject({ matched: 2, changed: 2, remaining: 0 });
    expect((await cli.run(['dlq', 'replay', '--all'])).out).toBe('0 dead letters replayed');
  });

  test('more than one call takes are taken in several', async () => {
    await db.query(
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, created_by)
       SELECT gen_random_uuid(), 'default', 'MANY', '{}', 'm' || n, repeat('a', 64), 'x' FROM generate_series(1, 1005) AS n`,
    );
    await db.query(
      `UPDATE aol_actions SET status = 'RUNNING', claim_tick_id = id, claim_lease_token = 1, claim_until = now() WHERE type = 'MANY'`,
    );
    await db.query(
      `UPDATE aol_actions SET status = 'DLQ', dlq_reason = 'exhausted', claim_tick_id = NULL, claim_lease_token = NULL,
         claim_until = NULL WHERE type = 'MANY'`,
    );
    expect((await cli.run(['dlq', 'replay', '--type', 'MANY', '--yes'])).out).toBe('1,005 dead letters replayed');
  });

  test.each([
    ['nothing', ['dlq', 'replay']],
    ['ids and --all', ['dlq', 'clear', '019502a0-0000-7000-8000-000000000000', '--all', '--yes']],
    ['an unknown reason', ['dlq', 'replay', '--dlq-reason', 'bored']],
  ])('%s is a wrong command line', async (_name, args) => {
    expect(await cli.run(args)).toMatchObject({ exitCode: 2, out: '' });
  });
});

describe('flags', () => {
  test('get and set', async () => {
    expect((await cli.run(['flags', 'get'])).out).toMatch(/max_running +100 +own +1 +- +system/);
    const set = ['flags', 'set', 'max_running', '7', '--lane', 'default'];
    expect(await cli.run([...set, '--reason', 'calm', '--if-version', '0'])).toMatchObject({
      exitCode: 0,
      out: 'max_running of lane default is 7 (version 1)',
    });
    expect((await cli.run(set)).out).toBe('max_running of lane default is 7 (version 1), as before');
    expect(await cli.run([...set, '--if-version', '0'])).toMatchObject({
      exitCode: 3,
      talk: expect.stringContaining('version 1'),
    });
    const json = laneFlagsSchema.parse((await cli.run(['flags', 'get', '--lane', 'default', '--json'])).json());
    expect(json.flags.max_running).toMatchObject({ value: 7, reason: 'calm', inherited: false });
    expect((await cli.run(['flags', 'set', 'approval_policy', 'all'])).exitCode).toBe(0);
    await cli.run(['pause']);
    expect((await cli.run(['flags', 'set', 'paused', 'false', '--lane', 'default'])).out).toBe(
      'paused of lane default is true, by the flag of all lanes (version 1), as before',
    );
    await cli.run(['resume']);
  });

  test('an operator does not loosen', async () => {
    const env = { AOL_ADMIN_TOKEN: '', AOL_OPERATOR_TOKEN: TOKENS.operator };
    const refused = await cli.run(['flags', 'set', 'max_running', '1000'], { env });
    expect(refused).toMatchObject({ exitCode: 3, talk: expect.stringContaining('admin') });
  });

  test.each(['proof_only', 'killed'])('%s asks, and says what it will do', async (name) => {
    const args = ['flags', 'set', name, name === 'killed' ? 'true' : 'false', '--lane', 'default'];
    const words = name === 'killed' ? 'kill stops lane default' : 'AOL_PROOF_MODE=0';
    expect(await cli.run(args)).toMatchObject({ exitCode: 2, out: '', talk: expect.stringContaining(words) });
    expect((await cli.run(args, terminal(''))).exitCode).toBe(2);
    expect((await cli.run(args, terminal('y'))).exitCode).toBe(0);
    const back = ['flags', 'set', name, name === 'killed' ? 'false' : 'true', '--lane', 'default'];
    expect((await cli.run(back)).exitCode).toBe(0);
    expect((await cli.run([...args, '--yes'])).exitCode).toBe(0);
    expect((await cli.run(back)).exitCode).toBe(0);
  });

  test('REAL is unlocked for a time, and says until when', async () => {
    const args = ['flags', 'set', 'proof_only', 'false', '--lane', 'default', '--for', '8h', '--yes'];
    expect((await cli.run(args)).out).toMatch(
      /^proof_only of lane default is false until \d{4}-\d\d-\d\d [\d:]{8} \S+ \(version \d+\)$/,
    );
    expect((await cli.run(['flags', 'get', '--lane', 'default'])).out).toMatch(
      /proof_only +false +own +\d+ +\d{4}-\d\d-\d\d [\d:]{8} /,
    );
    expect((await cli.run(['flags', 'set', 'proof_only', 'true', '--lane', 'default'])).exitCode).toBe(0);
  });

  test.each([
    ['a time for locking', ['proof_only', 'true', '--for', '8h']],
    ['a time for another flag', ['paused', 'true', '--for', '8h']],
    ['a time that is none', ['proof_only', 'false', '--for', 'soon']],
    ['an unknown flag', ['colour', 'red']],
    ['a boolean that is none', ['paused', 'yes']],
    ['a number that is none', ['max_running', 'many']],
    ['a policy that nobody knows', ['approval_policy', 'some']],
    ['a version that is none', ['max_running', '5', '--if-version', 'x']],
  ])('%s is a wrong command line', async (_name, args) => {
    expect(await cli.run(['flags', 'set', ...args])).toMatchObject({ exitCode: 2, out: '' });
  });

  test('out of bounds is the server’s refusal', async () => {
    expect((await cli.run(['flags', 'set', 'max_running', '5000'])).exitCode).toBe(3);
  });
});

describe('prune', () => {
  test('says what it would do and what it did', async () => {
    const id = await finished(db, { status: 'SUCCESS', daysAgo: 100 });
    const bytes = Buffer.from(JSON.stringify({ id }));
    const folder = join(cli.dataDir, 'artifacts');
    const uri = await createArtifactStore(`file:${folder}`).put(id, sha256Hex(bytes), bytes);
    await db.query('UPDATE aol_actions SET artifact_uri = $2 WHERE id = $1', [id, uri]);
    const preview = await cli.run(['prune', '--older-than', '90d', '--dry-run']);
    expect(preview).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^would delete, older than .*:\nactions +1\n/),
    });
    expect((await cli.run(['prune', '--older-than', '36h', '--json'])).json()).toMatchObject({
      dryRun: false,
      actions: 1,
      artifacts: 1,
      failures: [],
    });
    expect(readdirSync(folder, { recursive: true }).filter((path) => String(path).endsWith('.json'))).toEqual([]);
  });

  test('a file that cannot be removed is named, and the exit code is 1', async () => {
    const id = await finished(db, { status: 'CANCELLED', daysAgo: 100 });
    const uri = `artifact:${id.slice(-2)}/${id}-${'a'.repeat(64)}.json`;
    await db.query('UPDATE aol_actions SET artifact_uri = $2 WHERE id = $1', [id, uri]);
    const shard = join(cli.dataDir, 'artifacts', id.slice(-2));
    mkdirSync(join(cli.dataDir, 'artifacts'), { recursive: true });
    // Another test's artifact may have had the same two last digits.
    rmSync(shard, { recursive: true, force: true });
    writeFileSync(shard, 'a file where a directory should be');
    const result = await cli.run(['prune', '--older-than', '90d']);
    expect(result).toMatchObject({ exitCode: 1, out: expect.stringContaining(`NOT REMOVED ${uri}: refused`) });
  });

  test.each(['', '90', '0d', '90m', '-1d', 'd'])('the age %j is a wrong command line', async (age) => {
    expect((await cli.run(['prune', '--older-than', age])).exitCode).toBe(2);
    expect((await cli.run(['prune'])).exitCode).toBe(2);
  });
});
