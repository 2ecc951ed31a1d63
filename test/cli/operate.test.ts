/** The commands of an operator's day: logs, lanes, adapters, tokens, proofs, many actions at once, what a danger says. */

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { actionListSchema, actionSchema } from '../../src/contracts/http/action.ts';
import { adapterListSchema } from '../../src/contracts/http/adapter.ts';
import { batchAnswerSchema } from '../../src/contracts/http/batch.ts';
import { logEntrySchema, logListSchema } from '../../src/contracts/http/log.ts';
import { createdTokenSchema, tokenListSchema } from '../../src/contracts/http/token.ts';
import { freePort } from '../../src/local/index.ts';
import { createTestApi, POST, type TestApi } from '../support/api.ts';
import { createTestCli, type TestCli } from '../support/cli.ts';
import { queued } from '../support/settled.ts';
import { until } from '../support/until.ts';

let api: TestApi;
let cli: TestCli;
let db: TestApi['database']['pool'];
beforeAll(async () => {
  api = await createTestApi();
  cli = createTestCli({ AOL_API_PORT: new URL(api.url).port });
  db = api.database.pool;
  await cli.run(['lanes', 'create', 'brand']);
});
afterAll(async () => {
  cli.close();
  await api.close();
});

const ok = async (...args: string[]) => {
  const result = await cli.run(args);
  expect(result).toMatchObject({ exitCode: 0 });
  return result;
};
const terminal = (answer: string) => ({ isTerminal: true, ask: () => Promise.resolve(answer) });

/** As a worker would, along the allowed arrows. */
async function move(id: string, status: string, more = ''): Promise<void> {
  await db.query(
    `UPDATE aol_actions SET status = 'RUNNING', claim_tick_id = gen_random_uuid(), claim_lease_token = 1, claim_until = now() WHERE id = $1`,
    [id],
  );
  await db.query(
    `UPDATE aol_actions SET status = $2, claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL ${more} WHERE id = $1`,
    [id, status],
  );
}

async function proven(): Promise<{ id: string; sha256: string; bytes: Buffer }> {
  const id = await queued(db);
  const bytes = Buffer.from(JSON.stringify({ summary: 'Post "Hello" to Bluesky\u001b[31m', request: {} }));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  api.artifacts.set(`artifact:${id}`, bytes);
  await move(
    id,
    'SUCCESS',
    `, finished_at = now(), artifact_sha256 = '${sha256}', artifact_uri = 'artifact:${id}', receipt = '{}'`,
  );
  return { id, sha256, bytes };
}

describe('actions list', () => {
  test('takes every filter', async () => {
    const real = await queued(db, { mode: 'REAL', lane: 'brand', idempotencyKey: 'find-me-1' });
    const filters = ['--status', 'PENDING,RETRY', '--type', 'POST_SOCIAL', '--lane', 'brand', '--mode', 'REAL'];
    const list = await ok('actions', 'list', ...filters, '--q', 'find-me', '--json');
    expect(actionListSchema.parse(list.json()).items.map(({ id }) => id)).toEqual([real]);
    expect((await ok('actions', 'list', '--mode', 'PROOF', '--q', 'find-me')).out).not.toContain(real);
    expect((await cli.run(['actions', 'list', '--status', 'PENDING,DONE'])).exitCode).toBe(2);
    expect((await cli.run(['actions', 'list', '--mode', 'real'])).exitCode).toBe(2);
  });
});

describe('logs', () => {
  test('everything, the newest last; filters; one action from its beginning', async () => {
    const id = await queued(db, { idempotencyKey: 'logged' });
    await ok('pause', '--lane', 'brand', '--reason', 'a coffee');
    await ok('resume', '--lane', 'brand');
    const lines = (await ok('logs', '--limit', '2')).out.split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('paused = true: a coffee');
    expect(lines[2]).toContain('paused = false');
    const warnings = logListSchema.parse((await ok('logs', '--level', 'WARNING', '--json')).json());
    expect(new Set(warnings.items.map(({ level }) => level))).toEqual(new Set(['WARNING']));
    expect((await ok('logs', '--q', 'COFFEE', '--lane', 'brand', '--actor', 'admin')).out).toContain('a coffee');
    expect((await ok('logs', '--event', 'LANE_CREATED')).out).toContain('brand');
    const own = logListSchema.parse((await ok('logs', '--action', id, '--json')).json());
    expect(own.items).toMatchObject([{ event: 'ENQUEUED', actionId: id }]);
    expect((await ok('logs', id, '--event', 'CANCELLED')).out.split('\n')).toHaveLength(1);
    expect((await cli.run(['logs', id, '--action', crypto.randomUUID()])).exitCode).toBe(2);
    expect((await cli.run(['logs', '--level', 'LOUD'])).exitCode).toBe(2);
  });

  test('--follow shows the newest rows, then each new one that fits, until Ctrl+C', async () => {
    const before = await queued(db);
    const stop = new AbortController();
    const lines: string[] = [];
    const following = cli.run(['logs', '--follow', '--limit', '1', '--event', 'ENQUEUED,CANCELLED', '--json'], {
      signal: stop.signal,
      onOut: (text) => lines.push(text),
    });
    const rows = () => lines.map((line) => logEntrySchema.parse(JSON.parse(line)));
    await until('it has begun', () => rows().some(({ actionId }) => actionId === before));
    await ok('pause', '--lane', 'brand');
    await ok('resume', '--lane', 'brand');
    const after = await queued(db);
    await ok('actions', 'cancel', after);
    await until('it has seen both', () => rows().some(({ event }) => event === 'CANCELLED'));
    stop.abort();
    expect(await following).toMatchObject({ exitCode: 0, talk: '' });
    expect(rows().map(({ event, actionId }) => [event, actionId])).toEqual([
      ['ENQUEUED', before],
      ['ENQUEUED', after],
      ['CANCELLED', after],
    ]);
  });
});

describe('lanes, adapters', () => {
  test('lanes as a table, one with its reason, and what comes next', async () => {
    expect((await ok('lanes', 'list')).out).toMatch(/brand +PROOF +RED/);
    expect((await ok('lanes', 'show', 'brand')).out).toContain('PROOF: AOL_PROOF_MODE is not 0');
    expect((await ok('lanes', 'next', 'brand')).out).toBe('no worker is running');
    expect((await cli.run(['lanes', 'show', 'nowhere'])).exitCode).toBe(3);
  });

  test('adapters say what can be sent, and one what it takes', async () => {
    const list = adapterListSchema.parse((await ok('adapters', '--json')).json());
    expect(list.items.map(({ type }) => type)).toEqual(expect.arrayContaining(['POST_SOCIAL', 'CALL_WEBHOOK']));
    const { out } = await ok('adapters');
    expect(out).toMatch(/POST_SOCIAL +.*PROOF only: it needs an account of bluesky, mastodon, x, linkedin/);
    expect(out).toMatch(/CALL_WEBHOOK +.*can be sent/);
    const one = (await ok('adapters', 'POST_SOCIAL')).out;
    expect(one).toContain('280 weighted characters');
    expect(one).toContain('"platform"');
    expect((await cli.run(['adapters', 'NOTHING'])).exitCode).toBe(2);
  });
});

describe('accounts', () => {
  test('none, until there is one', async () => {
    expect((await ok('accounts', 'list')).out).toContain('no worker has an account');
    expect((await cli.run(['accounts', 'check', 'nobody'])).exitCode).toBe(3);
  });
});

describe('budgets', () => {
  test('are shown as they were set, in effects and in money, and taken back', async () => {
    expect((await ok('budgets', 'list')).out).toContain('no budget');
    const set = await ok('budgets', 'set', 'type:GENERATE_TEXT', '--per-hour', '10', '--usd-per-day', '2.50');
    expect(set.out).toMatch(/type +GENERATE_TEXT +0 of 10 this hour .*\n.*0\.00 of 2\.50 USD today/);
    expect((await ok('budgets', 'list', '--scope', 'type')).out).toContain('GENERATE_TEXT');
    const back = ['--per-hour', 'default', '--usd-per-day', 'default'];
    expect((await ok('budgets', 'set', 'type:GENERATE_TEXT', ...back)).out).toContain('no bound');
    const wrong = [[], ['--per-hour', 'many'], ['--usd-per-day', '0.0000001']];
    for (const options of wrong) {
      expect((await cli.run(['budgets', 'set', 'host:hooks.example', ...options])).exitCode).toBe(2);
    }
    expect((await cli.run(['budgets', 'set', 'hooks.example', '--per-hour', '1'])).exitCode).toBe(2);
  });
});

describe('autonomy', () => {
  test('a level is set, shown and taken back', async () => {
    await ok('autonomy', 'set', 'POST_SOCIAL', 'approve', '--reason', 'somebody looks');
    expect((await ok('autonomy', 'get')).out).toContain('somebody looks');
    expect((await ok('autonomy', 'unset', 'POST_SOCIAL', '--yes')).out).toContain('the flags hold alone');
    expect((await ok('autonomy', 'get')).out).toContain('nothing is set');
  });
});

describe('tokens', () => {
  test('are made, shown once, listed without their secret, and revoked by name', async () => {
    const made = createdTokenSchema.parse(
      (await ok('tokens', 'create', 'agent', '--role', 'operator', '--expires', '30d', '--json')).json(),
    );
    expect(Date.parse(made.expiresAt ?? '') - Date.now()).toBeGreaterThan(29 * 86_400_000);
    const env = { AOL_ADMIN_TOKEN: made.token };
    expect((await cli.run(['pause', '--lane', 'brand'], { env })).exitCode).toBe(0);
    expect(await cli.run(['tokens', 'list'], { env })).toMatchObject({
      exitCode: 3,
      talk: expect.stringContaining('admin'),
    });
    const list = await ok('tokens', 'list');
    expect(list.out).toMatch(/agent +operator +all +all +live/);
    expect(list.out).not.toContain(made.token);
    expect((await ok('tokens', 'revoke', 'agent')).out).toBe('agent is revoked');
    expect((await cli.run(['resume', '--lane', 'brand'], { env })).exitCode).toBe(3);
    expect(tokenListSchema.parse((await ok('tokens', 'list', '--json')).json()).items[0]?.revokedAt).not.toBeNull();
    expect((await cli.run(['tokens', 'revoke', 'agent'])).exitCode).toBe(2);
    const words = (await ok('tokens', 'create', 'eternal', '--role', 'viewer', '--expires', 'never')).out;
    expect(words).toMatch(/ends +never/);
    expect((await cli.run(['tokens', 'create', 'x', '--role', 'viewer', '--expires', 'soon'])).exitCode).toBe(2);
    expect((await cli.run(['tokens', 'create', 'x', '--role', 'king'])).exitCode).toBe(2);
    await ok('resume', '--lane', 'brand');
  });

  test('an agent’s is bound to lanes and types, each option as often as there are', async () => {
    const bound = ['--lane', 'brand', '--lane', 'default', '--type', 'POST_SOCIAL'];
    const words = (await ok('tokens', 'create', 'bot', '--role', 'agent', ...bound)).out;
    expect(words).toMatch(/role +agent\nlanes +brand, default\ntypes +POST_SOCIAL\n/);
    expect((await ok('tokens', 'list')).out).toMatch(/bot +agent +brand, default +POST_SOCIAL +live/);
    const wrong = await cli.run(['tokens', 'create', 'other', '--role', 'agent', '--lane', 'nowhere']);
    expect(wrong).toMatchObject({ exitCode: 3, talk: expect.stringContaining('there is no lane nowhere') });
  });
});

describe('artifacts show', () => {
  test('pretty, as JSON, and exactly the bytes', async () => {
    const { id, sha256, bytes } = await proven();
    expect((await ok('artifacts', 'show', id)).out).toContain(sha256);
    expect((await ok('artifacts', 'show', id, '--json')).json()).toMatchObject({ sha256, artifact: { request: {} } });
    expect((await ok('artifacts', 'show', id, '--raw')).out).toBe(bytes.toString('utf8'));
    const shown = (await ok('actions', 'show', id)).out;
    expect(shown).toMatch(/status +SUCCESS: it was proved, nothing was sent/);
    expect(shown).toMatch(/mode +PROOF: nothing is sent/);
    expect((await cli.run(['artifacts', 'show', await queued(db)])).exitCode).toBe(3);
  });
});

describe('enqueue --batch', () => {
  const line = (key: string, more = {}) =>
    JSON.stringify({ type: 'POST_SOCIAL', payload: POST, idempotencyKey: key, ...more });

  test('queues each line, says which were there and which are refused', async () => {
    const file = join(cli.dataDir, 'batch.jsonl');
    const lines = [line('b1'), '', line('b2'), line('b1'), line('b3', { type: 'NOTHING' })];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const result = await cli.run(['enqueue', '--batch', file]);
    expect(result.exitCode).toBe(3);
    expect(result.out).toMatch(/^2 actions queued, 1 there already, 1 refused\nline 5: type must be a known type/);
    const again = await cli.run(['enqueue', '--batch', '-', '--json'], { stdin: [line('b1'), line('b2')].join('\n') });
    expect(again.exitCode).toBe(0);
    expect(batchAnswerSchema.parse(again.json()).results.map(({ status }) => status)).toEqual([200, 200]);
  });

  test('more than one call takes go in several', async () => {
    const stdin = Array.from({ length: 1_005 }, (_, n) => line(`many-${n}`)).join('\n');
    expect((await cli.run(['enqueue', '--batch', '-'], { stdin })).out).toBe(
      '1,005 actions queued, 0 there already, 0 refused',
    );
  });

  test('a line that is no action: nothing is queued', async () => {
    const stdin = [line('never'), '{', line('neither', { priority: 'high' })].join('\n');
    const result = await cli.run(['enqueue', '--batch', '-'], { stdin });
    expect(result).toMatchObject({ exitCode: 2, out: '' });
    expect(result.talk).toMatch(/nothing was queued\n {2}line 2 .*\n {2}line 3 priority/);
    const list = await ok('actions', 'list', '--q', 'never', '--json');
    expect(actionListSchema.parse(list.json()).items).toEqual([]);
    expect((await cli.run(['enqueue', 'POST_SOCIAL', '--batch', '-'])).exitCode).toBe(2);
    expect((await cli.run(['enqueue', '--batch', '-', '--wait'])).exitCode).toBe(2);
    expect((await cli.run(['enqueue', '--batch', '-'], { stdin: '\n' })).exitCode).toBe(2);
  });
});

describe('enqueue --wait', () => {
  const wait = (key: string, ...more: string[]) =>
    cli.run(['enqueue', 'POST_SOCIAL', '--payload', JSON.stringify(POST), '--key', key, '--wait', '--json', ...more]);
  const idOf = (key: string) =>
    until(`${key} is queued`, async () => {
      const { rows } = await db.query('SELECT id FROM aol_actions WHERE idempotency_key = $1', [key]);
      return rows[0]?.id as string | undefined;
    });

  test.each([
    ['SUCCESS', 0, `, finished_at = now(), artifact_sha256 = repeat('a', 64), artifact_uri = 'x', receipt = '{}'`],
    ['DLQ', 1, `, dlq_reason = 'rejected', last_error = 'no'`],
    ['AWAITING_APPROVAL', 6, `, approval_needed = true, artifact_sha256 = repeat('a', 64), artifact_uri = 'x'`],
  ])('%s ends it with %i', async (status, exitCode, columns) => {
    const waiting = wait(`wait-${status}`);
    await move(await idOf(`wait-${status}`), status, columns);
    const result = await waiting;
    expect(result.exitCode).toBe(exitCode);
    expect(actionSchema.parse(result.json()).status).toBe(status);
    expect(result.talk).toContain('ENQUEUED');
  });

  test('tells every row of the log, however many there are', async () => {
    const waiting = wait('wait-long');
    const id = await idOf('wait-long');
    await db.query(
      `INSERT INTO aol_execution_logs (lane, action_id, event, level, actor, message)
       SELECT 'default', $1, 'CANCEL_REQUESTED', 'INFO', 'test', 'row ' || n FROM generate_series(1, 450) AS n`,
      [id],
    );
    await move(id, 'DLQ', `, dlq_reason = 'rejected', last_error = 'no'`);
    const { talk } = await waiting;
    expect(talk.split('\n').filter((line) => line.includes('"row '))).toHaveLength(450);
  });

  test('the time that was given, and Ctrl+C, end the waiting and not the action', async () => {
    const late = await wait('wait-late', '--timeout', '200ms');
    expect(late.exitCode).toBe(6);
    expect(late.json()).toMatchObject({ status: 'PENDING' });
    const stop = new AbortController();
    stop.abort();
    const args = ['enqueue', 'POST_SOCIAL', '--payload', JSON.stringify(POST), '--wait'];
    expect((await cli.run(args, { signal: stop.signal })).exitCode).toBe(130);
    expect((await cli.run([...args.slice(0, -1), '--timeout', '1s'])).exitCode).toBe(2);
    expect((await cli.run([...args, '--timeout', 'soon'])).exitCode).toBe(2);
  });
});

describe('what is dangerous says what it will do, with counts', () => {
  test('kill', async () => {
    await cli.run(['lanes', 'create', 'doomed']);
    await queued(db, { lane: 'doomed' });
    const { exitCode, talk } = await cli.run(['kill', '--lane', 'doomed']);
    expect(exitCode).toBe(2);
    expect(talk).toContain(
      'kill stops lane doomed at once, until `aol start`: 0 running actions aborted, 1 waiting kept',
    );
    expect((await cli.run(['kill'])).talk).toMatch(/kill stops ALL lanes at once.*: 3 lanes, /);
  });

  test('turning REAL on', async () => {
    await cli.run(['lanes', 'create', 'loud']);
    await queued(db, { lane: 'loud', mode: 'REAL' });
    await queued(db, { lane: 'loud', mode: 'REAL' });
    const args = ['flags', 'set', 'proof_only', 'false'];
    const own = await cli.run([...args, '--lane', 'loud']);
    expect(own.exitCode).toBe(2);
    expect(own.talk).toMatch(
      /\(0 of 0 now\) then SEND the REAL actions of lane loud: 2 REAL actions wait there already/,
    );
    await db.query(`DELETE FROM aol_control_flags WHERE lane = 'loud' AND name = 'proof_only'`);
    expect((await cli.run(args)).talk).toMatch(/ALL lanes without a value of their own \(2 now.*: 2 REAL actions/);
  });

  test('approve and promote show what would be sent, and whether the hash is that of the artifact', async () => {
    const { id, sha256 } = await proven();
    const asked: string[] = [];
    const ask = (question: string) => {
      asked.push(question);
      return Promise.resolve('n');
    };
    const promoted = await cli.run(['actions', 'promote', id, '--sha256', sha256], { isTerminal: true, ask });
    expect(promoted.exitCode).toBe(2);
    expect(promoted.talk).toContain(
      'promote has 1 action sent for REAL: POST_SOCIAL in lane default; "Post "Hello" to Bluesky',
    );
    expect(promoted.talk).not.toContain('\u001b');
    expect(asked).toEqual([`on ${api.url}: Send it? [y/N] `]);
    const other = await cli.run(['approve', id, '--sha256', 'b'.repeat(64)]);
    expect(other).toMatchObject({ exitCode: 2, talk: expect.stringContaining('ANOTHER SHA-256') });
    expect((await cli.run(['approve', id, '--sha256', sha256, '--yes'])).exitCode).toBe(3);
    expect((await cli.run(['reject', id])).exitCode).toBe(3);
    expect((await cli.run(['approve', id, '--sha256', sha256], terminal('y'))).exitCode).toBe(3);
  });
});

describe('status --watch', () => {
  test('draws in place on a terminal, and survives an API that goes away', async () => {
    const stop = new AbortController();
    const written: string[] = [];
    const screen = { rows: () => 40, write: (text: string) => written.push(text) };
    const watching = cli.run(['status', '--watch'], { signal: stop.signal, screen, color: true });
    await until('it has drawn twice', () => written.filter((text) => text.includes('LANE')).length >= 2);
    stop.abort();
    expect(await watching).toMatchObject({ exitCode: 0, out: '' });
    expect(written.join('')).toContain('\u001b[36mPROOF: nothing is sent');
    expect(written.at(-1)).toBe('\u001b[?7h\u001b[?25h');

    const away = new AbortController();
    const drawn: string[] = [];
    const blind = cli.run(['status', '--watch'], {
      signal: away.signal,
      screen: { rows: () => 40, write: (text) => drawn.push(text) },
      env: { AOL_API_PORT: String(await freePort()) },
    });
    await until('it says so', () => drawn.some((text) => text.includes('no answer')));
    away.abort();
    expect((await blind).exitCode).toBe(0);
  });

  test('without a terminal, a line for each lane and then only for what changed', async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const watching = cli.run(['status', '--watch'], { signal: stop.signal, onOut: (text) => lines.push(text) });
    await until('it has begun', () => lines.length >= 4);
    const begun = lines.length;
    await ok('pause', '--lane', 'brand');
    await until('it saw the pause', () => lines.length > begun);
    stop.abort();
    await watching;
    await ok('resume', '--lane', 'brand');
    expect(lines.slice(begun)).toEqual([expect.stringMatching(/ lane brand PROOF lease RED .* paused$/)]);
    expect(lines.every((line) => !line.includes('\u001b'))).toBe(true);
  });
});
