/** Mastodon, Matrix and mail by the real accounts layer, each against a server of others: checked, approved, sent, found there. */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { JsonObject } from '../../src/contracts/http/json.ts';
import type { ActionRow } from '../../src/db/action-row.ts';
import { askForCheck } from '../../src/db/decide/accounts.ts';
import { approveAction } from '../../src/db/decide/approvals.ts';
import { listAccounts } from '../../src/db/look/accounts.ts';
import { setFlag } from '../support/engine.ts';
import { databaseText, filesText } from '../support/everywhere.ts';
import { accountSettings } from '../support/provider.ts';
import {
  type GreenMail,
  INSTALL_LIMIT_MS,
  type MastodonServer,
  type MatrixServer,
  startGreenMail,
  startMastodon,
  startMatrix,
} from '../support/providers/index.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
let mastodon: MastodonServer;
let matrix: MatrixServer;
let greenMail: GreenMail;
beforeAll(async () => {
  quietRuntime();
  [stack, mastodon, matrix, greenMail] = await Promise.all([
    createTestStack(),
    startMastodon(),
    startMatrix(),
    startGreenMail(),
  ]);
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
  const entries = {
    'a-mastodon': { provider: 'mastodon', url: mastodon.url, accessToken: { env: 'MASTODON' } },
    'a-matrix': { provider: 'matrix', server: matrix.url, userId: matrix.userId, accessToken: { env: 'MATRIX' } },
    'a-mailer': {
      provider: 'smtp',
      url: { env: 'SMTP' },
      from: greenMail.address,
      imapUrl: `imap://${greenMail.user}@127.0.0.1:${greenMail.imapPort}`,
      imapPassword: { env: 'IMAP' },
    },
  };
  const secrets = {
    MASTODON: mastodon.accessToken,
    MATRIX: matrix.accessToken,
    SMTP: greenMail.smtpUrl,
    IMAP: greenMail.password,
  };
  await stack.startWorker({
    proofMode: false,
    accounts: accountSettings(entries, secrets),
    secretsKeys: [randomBytes(32)],
    webhook: { allow: `127.0.0.1:${greenMail.imapPort}` },
  });
}, INSTALL_LIMIT_MS);
afterAll(async () => {
  await stack?.stop();
  await Promise.all([mastodon, matrix, greenMail].map((server) => server?.close()));
}, 60_000);

async function checked(name: string) {
  const look = async () => (await listAccounts(stack.db)).find((account) => account.name === name);
  await until(`${name} is known`, look);
  await askForCheck(stack.db, name);
  return until(`${name} is checked`, async () => {
    const found = await look();
    return found?.checkedAt ? found : false;
  });
}
const rowIs = (id: string, status: ActionRow['status']) =>
  until(`${id} is ${status}`, async (): Promise<ActionRow | false> => {
    const row = (await stack.rows()).find((one) => one.id === id);
    if (row?.finished_at && row.status !== status) throw new Error(`${row.status}: ${row.last_error}`);
    return row?.status === status && row;
  });

/** Queued for a person, approved by its hash, sent. */
async function sent(type: string, payload: JsonObject): Promise<ActionRow> {
  const [id = ''] = await stack.enqueue([{ type, mode: 'REAL', requireApproval: true, payload }]);
  const asked = await rowIs(id, 'AWAITING_APPROVAL');
  await approveAction(stack.db, id, asked.artifact_sha256 ?? '', { actor: 'a person' });
  await stack.gateway.signal('aol/default', 'wake');
  return rowIs(id, 'SUCCESS');
}

test('Mastodon: the check learns the instance; the status is there once', async () => {
  expect(await checked('a-mastodon')).toMatchObject({
    state: 'ready',
    facts: { maxCharacters: expect.any(Number), software: expect.any(String) },
  });
  const row = await sent('POST_SOCIAL', { platform: 'mastodon', content: 'By its account' });
  const [status, ...others] = await mastodon.statuses();
  expect(others).toEqual([]);
  expect(row.receipt).toMatchObject({ id: status?.id });
}, 60_000);

test('Matrix: the check tells who it is; a message whose answer is lost is found in its room', async () => {
  expect(await checked('a-matrix')).toMatchObject({ state: 'ready', identity: matrix.userId });
  matrix.misbehave({ at: 'PUT *', how: 'store_then_drop' });
  const row = await sent('POST_CHAT', { service: 'matrix', channel: matrix.roomId, text: 'By its account' });
  const messages = await matrix.messages();
  expect(messages.map(({ content }) => content.body)).toEqual(['By its account']);
  expect(row.receipt).toMatchObject({ eventId: messages[0]?.event_id });
}, 90_000);

test('mail: the check logs in to both servers; a mail whose reply is lost is found by IMAP', async () => {
  expect(await checked('a-mailer')).toMatchObject({ state: 'ready', identity: greenMail.address });
  greenMail.cutAfterDot('stored');
  const to = 'account@x.test';
  const row = await sent('SEND_EMAIL', { to: [to], bcc: [greenMail.address], subject: 'Hi', text: 'By its account' });
  expect(row).toMatchObject({ attempts: 1, receipt: { foundByReading: true, mailbox: 'INBOX' } });
  expect(await greenMail.mails(to)).toHaveLength(1);
}, 60_000);

test('no secret of them stands in the database or in a file', async () => {
  const everywhere = `${await databaseText(stack.db)}${await filesText(stack.artifactFolder)}`;
  for (const secret of [mastodon.accessToken, matrix.accessToken, greenMail.password]) {
    expect(everywhere).not.toContain(secret);
  }
}, 60_000);
