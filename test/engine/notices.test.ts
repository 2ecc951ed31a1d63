/** Notices by a real worker, to real servers: each once, whatever is killed, locked or away. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { childEnvironment, loadConfig } from '../../src/config/index.ts';
import { rejectAction } from '../../src/db/decide/approvals.ts';
import { setAutonomy } from '../../src/db/decide/autonomy.ts';
import { askForTestNotice } from '../../src/db/decide/notices.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import { publishDestinations } from '../../src/db/keep/notices.ts';
import { listNotices } from '../../src/db/look/notices.ts';
import { findTemporalBinary, freePort, startTemporal, type TemporalServer } from '../../src/local/index.ts';
import { createWorker } from '../../src/worker/create-worker.ts';
import { createTestDatabase } from '../support/database.ts';
import { setFlag } from '../support/engine.ts';
import { historyText } from '../support/everywhere.ts';
import { headerFields } from '../support/mail.ts';
import { accountsOf, logAwaiting, noticesTo, QUICK_PACE, tryAgain } from '../support/notices.ts';
import { type Mailpit, type SlackServer, startMailpit, startSlack } from '../support/providers/index.ts';
import { INSTALL_LIMIT_MS } from '../support/providers/install.ts';
import { type SmtpProxy, startSmtpProxy } from '../support/providers/smtp-proxy.ts';
import { answer, type Receiver, startReceiver } from '../support/receiver.ts';
import { awaitingApproval } from '../support/settled.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { createStage } from '../support/stage-adapter.ts';
import { until } from '../support/until.ts';
import { quietRuntime, workflowBundlePath } from '../support/workflows.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const MAIL = 'mailto:ops@example.com';
const FROM = 'aol@brand.example';

let stack: TestStack;
let mailpit: Mailpit;
let proxy: SmtpProxy;
let slack: SlackServer;
let receiver: Receiver;
/** What the receiver does with the next requests, before it answers 200 to the others. */
let answers: ((end: (text: string) => void) => void)[];

beforeAll(async () => {
  quietRuntime();
  mailpit = await startMailpit();
}, INSTALL_LIMIT_MS);
afterAll(() => mailpit?.close(), 60_000);

beforeEach(async () => {
  answers = [];
  await fetch(`${mailpit.url}/api/v1/messages`, { method: 'DELETE' });
  [stack, slack, proxy, receiver] = await Promise.all([
    createTestStack(),
    startSlack(),
    startSmtpProxy(mailpit.smtpPort),
    startReceiver({
      onRequest: (socket) => {
        const next = answers.shift();
        if (next) next((text) => socket.end(text));
        else socket.end(answer(200));
      },
    }),
  ]);
  await setFlag(stack.db, 'tick_interval_ms', 0);
}, 60_000);
afterEach(async () => {
  await Promise.all([stack?.stop(), slack?.close(), proxy?.close(), receiver?.close()]);
}, 60_000);

const hook = () => `http://${receiver.host}/in/path-canary-0123456789`;
const workerOptions = () => ({
  accounts: accountsOf(
    { SMTP_URL: `smtp://127.0.0.1:${proxy.port}`, SMTP_FROM: FROM, BOT: slack.botToken },
    { team: { provider: 'slack', server: slack.url, botToken: { env: 'BOT' } } },
  ),
  webhook: { allow: receiver.host, signingSecrets: [SECRET] },
  dashboardUrl: 'https://aol.example',
});
const mails = (limitMs = 20_000) =>
  until('a mail is there', async () => (await mailpit.mails()).length > 0 && mailpit.mails(), limitMs);
const messages = async () => (await listNotices(stack.db, 50)).items;
const allSent = (count: number) =>
  until(`${count} messages are sent`, async () => {
    const items = await messages();
    return items.length >= count && items.every(({ state }) => state === 'sent') && items;
  });
const failing = () => until('one fails', async () => (await messages()).find(({ error }) => error !== null));
const header = (mail: Buffer, name: string) => headerFields(mail).find(([field]) => field === name)?.[1];
const bodyOf = (request: string) => request.slice(request.indexOf('\r\n\r\n') + 4);
const headerOf = (request: string, name: string) => new RegExp(`^${name}: (.*)\r$`, 'imu').exec(request)?.[1] ?? '';

test('fifty approvals are one digest for each destination, while the lane is killed', async () => {
  const stage = createStage();
  const destinations = `${MAIL},slack:${slack.channel},${hook()}`;
  await setFlag(stack.db, 'proof_only', false);
  await setFlag(stack.db, 'max_actions_per_tick', 50);
  const notices = noticesTo(destinations, { ...QUICK_PACE, everyMs: 3_600_000, urgentEveryMs: 3_600_000 });
  await publishDestinations(stack.db, notices.destinations);
  const adapters = [stage.adapter];
  const first = await stack.startWorker({ adapters, proofMode: false });
  const action = (index: number) => ({
    type: 'PLAY',
    mode: 'REAL' as const,
    requireApproval: true,
    payload: { name: `act ${index}`, acts: ['done' as const] },
  });
  const ids = await stack.enqueue(Array.from({ length: 50 }, (_, index) => action(index)));
  await until('all wait', async () => (await stack.rows()).every(({ status }) => status === 'AWAITING_APPROVAL'));
  await first.shutdown();
  // Without a row of the log: of the kill itself nobody is told here.
  await setFlag(stack.db, 'killed', true);
  await stack.startWorker({ ...workerOptions(), adapters, proofMode: false, notices });
  await allSent(3);
  const [mail = Buffer.of(), ...more] = await mails();
  expect(more).toEqual([]);
  const text = mail.toString();
  expect(header(mail, 'Subject')).toBe('AOL: 50 approvals wait');
  expect(header(mail, 'Auto-Submitted')).toBe('auto-generated');
  expect(header(mail, 'To')).toContain('ops@example.com');
  expect(text).toContain('and 30 others');
  const links = text.replaceAll('=\r\n', '').matchAll(/https:\/\/aol\.example\/actions\/([0-9a-f-]{36})/gu);
  const linked = new Set([...links].map(([, id = '']) => id));
  expect(linked.size).toBe(20);
  expect(ids).toEqual(expect.arrayContaining([...linked]));
  expect(slack.messages()).toHaveLength(1);
  expect(slack.messages()[0]?.text).toContain('50 approvals wait');
  expect(receiver.requests()).toHaveLength(1);
  const [request = ''] = receiver.requests();
  const headers = Object.fromEntries(
    ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, headerOf(request, name)]),
  );
  const body = new Webhook(SECRET).verify(bodyOf(request), headers);
  expect(body).toMatchObject({ type: 'aol.notice', data: { sections: [{ kind: 'approval_waits', count: 50 }] } });
  expect(stage.performances).toEqual([]);
}, 60_000);

test('a worker in PROOF tells of a kill, and with a path that is a secret nowhere', async () => {
  await stack.startWorker({ ...workerOptions(), notices: noticesTo(`${MAIL},${hook()}`) });
  await until('it is known', async () => (await listNotices(stack.db, 1)).destinations.length === 2);
  await pressControl(stack.db, '*', { killed: true }, { actor: 'ada', reason: 'wrong campaign' });
  const items = await allSent(2);
  const [mail = Buffer.of()] = await mails();
  expect(mail.toString()).toContain('All lanes killed by ada');
  expect(await historyText(stack.gateway)).not.toMatch(/path-canary|wrong campaign/u);
  expect(JSON.stringify([items, (await stack.db.query('SELECT * FROM aol_notice_messages')).rows])).not.toContain(
    'path-canary',
  );
}, 60_000);

test('a token that dies within 7 days, and a level that was set back, are told by mail, once', async () => {
  const stage = createStage();
  await setFlag(stack.db, 'proof_only', false);
  const admin = { actor: 'admin', mayLoosen: true };
  await setAutonomy(stack.db, { lane: 'default', type: 'PLAY', level: 'auto' }, admin);
  const page = { provider: 'linkedin', author: 'urn:li:person:1', accessToken: { env: 'BOT' } };
  const accounts = accountsOf(
    { SMTP_URL: `smtp://127.0.0.1:${proxy.port}`, SMTP_FROM: FROM, BOT: slack.botToken },
    { page, other: { ...page, author: 'urn:li:person:2' } },
  );
  const options = { adapters: [stage.adapter], accounts, notices: noticesTo(MAIL), proofMode: false };
  const worker = await stack.startWorker(options);
  // As a check tells it.
  await until('they are known', async () => {
    const { rowCount } = await stack.db.query(
      `UPDATE aol_accounts SET token_expires_at = clock_timestamp() + CASE name WHEN 'page' THEN interval '6 days' ELSE interval '8 days' END
       WHERE name IN ('page', 'other')`,
    );
    return rowCount === 2;
  });
  const mailsThatSay = async (words: string) =>
    (await mailpit.mails()).filter((mail) => mail.toString().replaceAll('=\r\n', '').includes(words)).length;
  const told = (words: string) => until(`it is told: ${words}`, async () => (await mailsThatSay(words)) > 0);
  await told('The token of account page runs out');

  const [id = ''] = await stack.enqueue([
    { type: 'PLAY', mode: 'REAL', requireApproval: true, payload: { name: 'one', acts: ['done'] } },
  ]);
  await until('it asks', async () => (await stack.rows()).find((row) => row.id === id)?.status === 'AWAITING_APPROVAL');
  await rejectAction(stack.db, id, { actor: 'ada' });
  await told('PLAY in lane default needs approval again');
  await worker.shutdown();
  await stack.startWorker(options);
  await askForTestNotice(stack.db, 'ada');
  await told('A test that ada asked for');
  expect(await mailsThatSay('The token of account')).toBe(1);
}, 120_000);

test('one that does not arrive holds up no other, is shown, and arrives once when it can', async () => {
  slack.revoke();
  await stack.startWorker({ ...workerOptions(), notices: noticesTo(`${MAIL},slack:${slack.channel},${hook()}`) });
  await until('they are known', async () => (await listNotices(stack.db, 1)).destinations.length === 3);
  answers.push((end) => end(answer(503, { 'retry-after': '1' })));
  await askForTestNotice(stack.db, 'ada');
  await until('two fail', async () => (await messages()).filter(({ error }) => error !== null).length === 2);
  expect(await mails()).toHaveLength(1);
  const { destinations } = await listNotices(stack.db, 1);
  const problems = destinations.map(({ failing: problem }) => problem?.error ?? null);
  expect(problems).toEqual([expect.stringContaining('503'), null, expect.stringContaining('token_revoked')]);
  await tryAgain(stack.db);
  await until('the webhook arrived', async () =>
    (await messages()).some(({ destination, state }) => destination.startsWith('http') && state === 'sent'),
  );
  const [first = '', second = ''] = receiver.requests();
  expect(headerOf(second, 'webhook-id')).toBe(headerOf(first, 'webhook-id'));
  expect(headerOf(first, 'webhook-id')).toMatch(/^aol-notice-/u);
}, 60_000);

test('after an answer that was lost a mail comes again under the same id, and a message of Slack is found', async () => {
  proxy.cutAfterDot('stored');
  slack.misbehave({ at: 'POST /api/chat.postMessage', how: 'store_then_drop' });
  await stack.startWorker({ ...workerOptions(), notices: noticesTo(`${MAIL},slack:${slack.channel}`) });
  await until('they are known', async () => (await listNotices(stack.db, 1)).destinations.length === 2);
  await askForTestNotice(stack.db, 'ada');
  await until('both are unknown', async () => (await messages()).filter(({ error }) => error !== null).length === 2);
  await tryAgain(stack.db);
  await allSent(2);
  const ids = (await mailpit.mails()).map((mail) => header(mail, 'Message-ID'));
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
  expect(slack.messages()).toHaveLength(1);
}, 60_000);

test('where no account can speak it says which variables are missing', async () => {
  await stack.startWorker({ notices: noticesTo(MAIL) });
  await until('it is known', async () => (await listNotices(stack.db, 1)).destinations.length === 1);
  await askForTestNotice(stack.db, 'ada');
  expect((await failing())?.error).toMatch(/^the account default of smtp is not configured: set SMTP_URL, SMTP_FROM/u);
}, 60_000);

test('a channel may be named, and an account', async () => {
  await stack.startWorker({
    ...workerOptions(),
    notices: noticesTo('slack:#ops?account=team,slack:#ops?account=nobody'),
  });
  await until('they are known', async () => (await listNotices(stack.db, 1)).destinations.length === 2);
  await askForTestNotice(stack.db, 'ada');
  await until('it is there', () => slack.messages().length === 1);
  expect((await failing())?.error).toContain('account must be one of slack: team');
}, 60_000);

test('what happened while Temporal was away is told once when it is back', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'aol-notices-'));
  const [database, port, binary] = await Promise.all([
    createTestDatabase(),
    freePort(),
    findTemporalBinary({ ...loadConfig().machine, env: childEnvironment(), log: () => undefined }),
  ]);
  const start = () => startTemporal({ dataDir, port, uiPort: undefined, binary, log: () => undefined });
  let server: TemporalServer = await start();
  const worker = await createWorker({
    ...workerOptions(),
    databaseUrl: database.url,
    temporal: { address: server.address, namespace: 'default' },
    artifacts: `file:${join(dataDir, 'artifacts')}`,
    workflowBundlePath,
    notices: noticesTo(MAIL, { ...QUICK_PACE, everyMs: 3_600_000 }),
  });
  const running = worker.run();
  try {
    await worker.ready;
    await until('it is known', async () => (await listNotices(database.pool, 1)).destinations.length === 1);
    await server.stop();
    for (let index = 0; index < 3; index += 1) {
      await logAwaiting(database.pool, await awaitingApproval(database.pool));
    }
    await until('they wait', async () => (await listNotices(database.pool, 1)).destinations[0]?.waiting === 3);
    expect(await mailpit.mails()).toEqual([]);
    server = await start();
    const [mail = Buffer.of(), ...more] = await mails(60_000);
    expect(more).toEqual([]);
    expect(header(mail, 'Subject')).toBe('AOL: 3 approvals wait');
  } finally {
    await worker.shutdown();
    await running;
    await server.stop();
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 120_000);
