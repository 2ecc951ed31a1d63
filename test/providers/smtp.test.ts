/** The SMTP server of our own breaks off where it is told to, and keeps what it took byte for byte. */

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type SmtpServer, type SmtpStage, startSmtpServer } from '../support/providers/index.ts';
import { until } from '../support/until.ts';
import { converse, mailLines } from './smtp-client.ts';

const MESSAGE = 'Subject: hello\r\n\r\n.begins with a dot\r\n..two\r\nÄ umlaut\r\n';
let server: SmtpServer;

beforeEach(async () => {
  server = await startSmtpServer();
});
afterEach(() => server.close());

const send = (options = {}, giveUp?: AbortSignal) =>
  converse(server.port, mailLines(MESSAGE, { auth: server, ...options }), giveUp);

test('takes a mail for those who have the password and keeps its bytes', async () => {
  const { replies, broke } = await send({ to: ['a@x.test', 'b@x.test'] });
  expect(replies.map((reply) => reply.slice(0, 3))).toEqual(['220', '250', '235', '250', '250', '250', '354', '250']);
  expect(broke).toBe(false);
  expect(server.mails()).toEqual([
    { from: 'ops@aol.test', to: ['a@x.test', 'b@x.test'], message: Buffer.from(MESSAGE) },
  ]);
});

test('refuses who has no password, and who has a wrong one', async () => {
  expect((await converse(server.port, ['EHLO x', 'MAIL FROM:<a@x.test>'])).replies.at(-1)).toMatch(/^530/u);
  const auth = { user: server.user, password: 'wrong' };
  expect((await converse(server.port, mailLines(MESSAGE, { auth }))).replies).toContain('535 5.7.8 wrong credentials');
  expect(server.mails()).toEqual([]);
});

const stages: [SmtpStage, repliesBefore: number][] = [
  ['banner', 0],
  ['ehlo', 1],
  ['auth', 2],
  ['mail', 3],
  ['rcpt', 4],
  ['data', 5],
  ['message', 6],
  ['dot', 6],
];

test.each(stages)('cuts the connection at %s, once', async (at, before) => {
  server.misbehave({ at, how: 'cut' });
  const { replies, broke } = await send();
  expect({ count: replies.length, broke }).toEqual({ count: before, broke: true });
  expect(server.mails()).toEqual([]);
  expect((await send()).broke).toBe(false);
  expect(server.mails()).toHaveLength(1);
});

test('takes the mail and cuts the connection before it says so', async () => {
  server.misbehave({ at: 'dot', how: 'cut', stores: true });
  expect(await send()).toMatchObject({ broke: true });
  expect(server.mails()).toHaveLength(1);
});

test('refuses one of two recipients and takes the mail for the other', async () => {
  server.misbehave({ at: 'rcpt', how: 'reply', reply: '550 5.1.1 nobody here', recipient: 'b@x.test' });
  const { replies } = await send({ to: ['a@x.test', 'b@x.test'] });
  expect(replies).toContain('550 5.1.1 nobody here');
  expect(server.mails()[0]?.to).toEqual(['a@x.test']);
});

test.each(['451 4.3.0 later', '550 5.7.1 spam', '421 4.3.2 closing'])(
  'answers the final dot with %s',
  async (reply) => {
    server.misbehave({ at: 'dot', how: 'reply', reply });
    expect((await send()).replies.at(-1)).toBe(reply);
    expect(server.mails()).toEqual([]);
  },
);

test('says nothing after the final dot, or something that is no SMTP', async () => {
  server.misbehave({ at: 'dot', how: 'hang', stores: true });
  const giveUp = new AbortController();
  const silence = send({}, giveUp.signal);
  await until('the server says nothing more', () => server.hanging() === 1);
  giveUp.abort();
  expect(await silence).toMatchObject({ broke: true });
  server.misbehave({ at: 'dot', how: 'garbage' });
  expect((await send()).replies.at(-1)).toContain('what is this');
  expect(server.mails()).toHaveLength(1);
});
