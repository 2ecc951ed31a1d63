/** Mails by the whole engine, from the queue to a mailbox: each arrives once, whatever becomes of the connection. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createBlobStoreAt } from '../../src/artifacts/index.ts';
import type { ActionRow } from '../../src/db/action-row.ts';
import { approveAction, promoteAction } from '../../src/db/decide/approvals.ts';
import { rescheduleAction } from '../../src/db/decide/revise.ts';
import { setFlag } from '../support/engine.ts';
import { fileMessage } from '../support/imap.ts';
import { mailAccount, mailOf } from '../support/mail.ts';
import { type GreenMail, INSTALL_LIMIT_MS, startGreenMail } from '../support/providers/index.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
let greenMail: GreenMail;

beforeAll(async () => {
  quietRuntime();
  [stack, greenMail] = await Promise.all([createTestStack(), startGreenMail()]);
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
  const imap = `127.0.0.1:${greenMail.imapPort}`;
  const account = mailAccount(
    { from: greenMail.address, imapUrl: `imap://${greenMail.user}@${imap}` },
    { url: greenMail.smtpUrl, imapPassword: greenMail.password },
    [imap],
  );
  await stack.startWorker({ adapters: [mailOf(account)], proofMode: false });
}, INSTALL_LIMIT_MS);
afterAll(() => Promise.all([stack?.stop(), greenMail?.close()]), 60_000);

const queue = async (to: string, more: object = {}) => {
  const payload = { to: [to], bcc: [greenMail.address], subject: `For ${to}`, text: 'Hallo\n.\nÄpfel' };
  const [id = ''] = await stack.enqueue([{ type: 'PLAY_EMAIL', mode: 'REAL', payload, ...more }]);
  return id;
};
const reaches = (id: string, status: string) =>
  until(`${id} is ${status}`, async (): Promise<ActionRow | false> => {
    const row = (await stack.rows()).find((candidate) => candidate.id === id);
    if (row?.status === status) return row;
    if (row?.finished_at) throw new Error(`${id} is ${row.status}: ${row.last_error}`);
    return false;
  });

test('case 34: cut after the final dot, the mail is found in the mailbox: SUCCESS, and exactly one mail', async () => {
  greenMail.cutAfterDot('stored');
  const id = await queue('cut@x.test');
  const row = await reaches(id, 'SUCCESS');
  expect(row).toMatchObject({ attempts: 1, receipt: { foundByReading: true, messageId: `<aol-${id}@aol.test>` } });
  expect(await greenMail.mails('cut@x.test')).toHaveLength(1);
});

test('not found at first it is asked for again, and never sent again; a late arrival settles it', async () => {
  greenMail.cutAfterDot('lost');
  const id = await queue('late@x.test');
  const waits = () =>
    until('it waits to ask again', async () => {
      const row = (await stack.rows()).find((candidate) => candidate.id === id);
      const inMs = (row?.run_at.getTime() ?? 0) - Date.now();
      return row?.status === 'PENDING' && row.attempts === 1 && inMs > 30_000;
    });
  const askNow = async () => {
    await stack.db.query('UPDATE aol_actions SET run_at = clock_timestamp() WHERE id = $1', [id]);
    await stack.gateway.signal('aol/default', 'wake');
  };
  await waits();
  await askNow();
  await waits();
  // The server was only slow: now it has filed the mail.
  await fileMessage(greenMail, `Message-ID: <aol-${id}@aol.test>\r\nSubject: hi\r\n\r\nBody.\r\n`);
  await askNow();
  expect(await reaches(id, 'SUCCESS')).toMatchObject({ attempts: 1, receipt: { foundByReading: true } });
  expect(await greenMail.mails('late@x.test')).toEqual([]);
});

test('a mail that was proved, approved by its hash and sent is, byte for byte, the one that was stored', async () => {
  const proof = await queue('proof@x.test', { mode: 'PROOF' });
  const { artifact_sha256: sha256 } = await reaches(proof, 'SUCCESS');
  expect(await greenMail.mails('proof@x.test')).toEqual([]);
  const { row } = await promoteAction(stack.db, proof, sha256 ?? '', { actor: 'a person' });
  await stack.gateway.signal('aol/default', 'wake');
  await reaches(row.id, 'SUCCESS');
  const [received = ''] = await greenMail.mails('proof@x.test');
  const stored = (await storedMessages()).find((message) => message.includes(`<aol-${proof}@aol.test>`)) ?? 'none';
  // GreenMail puts Return-Path and Received before it, and drops the end of its last line.
  expect(received.slice(-stored.trimEnd().length)).toBe(stored.trimEnd());
});

const storedMessages = async () => {
  const { rows } = await stack.db.query(`SELECT sha256 FROM aol_blobs WHERE media_type = 'message/rfc822'`);
  const store = createBlobStoreAt(`file:${stack.artifactFolder}`);
  return Promise.all(rows.map(async ({ sha256 }) => Buffer.from(await store.get(sha256)).toString()));
};

test('a mail that was approved and then given another time has the date of its sending, and is otherwise what was approved', async () => {
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  const id = await queue('later@x.test', { requireApproval: true, runAt: inAnHour });
  const { artifact_sha256: sha256 } = await reaches(id, 'AWAITING_APPROVAL');
  await approveAction(stack.db, id, sha256 ?? '', { actor: 'a person' });
  // The date of a mail has whole seconds.
  const movedAtMs = Math.floor(Date.now() / 1_000) * 1_000;
  await rescheduleAction(stack.db, id, new Date().toISOString(), { actor: 'a person' });
  await stack.gateway.signal('aol/default', 'wake');
  const { artifact_sha256: sent, receipt } = await reaches(id, 'SUCCESS');
  expect(sent).toBe(sha256);
  const [received = ''] = await greenMail.mails('later@x.test');
  const [, date = 'none', rest = ''] = /^Date: (.*)\r\n([\s\S]*)$/mu.exec(received) ?? [];
  expect(receipt).toMatchObject({ date });
  expect(Date.parse(date)).toBeGreaterThanOrEqual(movedAtMs);
  expect(Date.parse(date)).toBeLessThanOrEqual(Date.now());
  const stored = (await storedMessages()).find((message) => message.includes(`<aol-${id}@aol.test>`)) ?? 'none';
  expect(rest).toBe(stored.trimEnd());
});

test('a mail that needs a person waits with its artifact, and goes when that one is approved', async () => {
  const id = await queue('approved@x.test', { requireApproval: true });
  const { artifact_sha256: sha256 } = await reaches(id, 'AWAITING_APPROVAL');
  expect(await greenMail.mails('approved@x.test')).toEqual([]);
  await approveAction(stack.db, id, sha256 ?? '', { actor: 'a person' });
  await stack.gateway.signal('aol/default', 'wake');
  expect(await reaches(id, 'SUCCESS')).toMatchObject({ receipt: { accepted: ['approved@x.test', greenMail.address] } });
  expect(await greenMail.mails('approved@x.test')).toHaveLength(1);
});
