/** `aol revise`, `request-changes`, `actions reschedule`, `actions promote --at`. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { when } from '../../src/cli/terminal/time.ts';
import { actionSchema } from '../../src/contracts/http/action.ts';
import { findAction } from '../../src/db/decide/cancel.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { createTestCli, type TestCli } from '../support/cli.ts';
import { awaitingApproval, dead, proved, SHA } from '../support/settled.ts';

let api: TestApi;
let cli: TestCli;
let db: TestApi['database']['pool'];
beforeAll(async () => {
  api = await createTestApi();
  cli = createTestCli({ AOL_API_PORT: new URL(api.url).port });
  db = api.database.pool;
});
afterAll(async () => {
  cli.close();
  await api.close();
});

const WEBHOOK = { type: 'CALL_WEBHOOK', payload: { url: 'https://example.com', body: 1 } } as const;
const OTHER = JSON.stringify({ url: 'https://example.com', body: 2 });
const FAR_AHEAD = '2028-12-24T18:00:00Z';

describe('revise', () => {
  test('a changed action is in the place of what waits, and each names the other', async () => {
    const id = await awaitingApproval(db, { ...WEBHOOK, mode: 'REAL' });
    const { out, exitCode } = await cli.run(['revise', id, '--payload', OTHER, '--reason', 'a typo']);
    const { revised_by: revised } = await findAction(db, id);
    expect([exitCode, out]).toEqual([
      0,
      expect.stringContaining(`${id} is cancelled; in its place: ${revised} is PENDING`),
    ]);
    expect((await cli.run(['actions', 'show', id])).out).toMatch(new RegExp(`in its place +${revised}`));
    expect((await cli.run(['actions', 'show', revised ?? ''])).out).toMatch(new RegExp(`in the place of +${id}`));
  });

  test('a dead letter, from a file; nothing to change, or no JSON, is exit 2', async () => {
    const id = await dead(db, WEBHOOK);
    const file = join(cli.dataDir, 'payload.json');
    writeFileSync(file, OTHER);
    expect((await cli.run(['revise', id])).exitCode).toBe(2);
    expect((await cli.run(['revise', id, '--payload', '{'])).exitCode).toBe(2);
    expect((await cli.run(['revise', id, '--payload', `@${file}`])).exitCode).toBe(0);
    expect((await cli.run(['revise', id, '--at', FAR_AHEAD])).exitCode).toBe(3);
  });
});

test('request-changes: whoever looks at it reads who wants what', async () => {
  const id = await awaitingApproval(db, { ...WEBHOOK, mode: 'REAL' });
  expect((await cli.run(['request-changes', id])).exitCode).toBe(2);
  expect((await cli.run(['request-changes', id, '--reason', 'the 24th'])).exitCode).toBe(0);
  expect((await cli.run(['actions', 'show', id])).out).toMatch(/changes requested +the 24th \(by admin at /);
});

test('actions reschedule says the new time', async () => {
  const id = await awaitingApproval(db, { ...WEBHOOK, mode: 'REAL' });
  const moved = await cli.run(['actions', 'reschedule', id, '--at', FAR_AHEAD]);
  expect(moved).toMatchObject({ exitCode: 0, out: `${id} is due at ${when(FAR_AHEAD)}` });
  const again = await cli.run(['--json', 'actions', 'reschedule', id, '--at', FAR_AHEAD]);
  expect(actionSchema.parse(again.json()).runAt).toBe('2028-12-24T18:00:00.000Z');
});

test('actions promote --at, and enqueue --at: not before; an approval that runs out before is said', async () => {
  const id = await proved(db, WEBHOOK);
  const promoted = await cli.run(['--json', 'actions', 'promote', id, '--sha256', SHA, '--at', FAR_AHEAD, '--yes']);
  expect(actionSchema.parse(promoted.json()).runAt).toBe('2028-12-24T18:00:00.000Z');
  const asking = [
    'enqueue',
    'CALL_WEBHOOK',
    '--payload',
    OTHER,
    '--mode',
    'REAL',
    '--at',
    FAR_AHEAD,
    '--require-approval',
  ];
  const { out } = await cli.run(asking);
  expect(out).toContain(`before it is due (${when(FAR_AHEAD)})`);
  expect((await cli.run(asking.slice(0, -1))).out).not.toContain('beware');
});
