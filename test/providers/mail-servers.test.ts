/** The real mail servers start, take a mail, and let it down in the ways that they are for. */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type GreenMail,
  INSTALL_LIMIT_MS,
  type Mailpit,
  startGreenMail,
  startMailpit,
} from '../support/providers/index.ts';
import { until } from '../support/until.ts';
import { converse, mailLines } from './smtp-client.ts';

const message = (key: string) => `Message-ID: <${key}@aol.test>\r\nX-AOL-Key: ${key}\r\nSubject: hi\r\n\r\nBody.\r\n`;

describe('Mailpit', () => {
  let mailpit: Mailpit;
  beforeAll(async () => {
    mailpit = await startMailpit();
  }, INSTALL_LIMIT_MS);
  afterAll(() => mailpit?.close());

  const auth = { user: 'anybody', password: 'anything' };
  const send = () => converse(mailpit.smtpPort, mailLines(message('one'), { auth }));

  test('takes a mail and shows its bytes', async () => {
    expect((await send()).replies.at(-1)).toMatch(/^250/u);
    const [mail] = await until('the mail is there', async () => (await mailpit.mails())[0] && (await mailpit.mails()));
    expect(mail?.toString('utf8')).toContain(message('one'));
  });

  test.each([
    ['sender', 451],
    ['recipient', 550],
    ['authentication', 535],
  ] as const)('refuses the %s with %d', async (part, code) => {
    await mailpit.chaos({ [part]: code });
    expect((await send()).replies.some((reply) => reply.startsWith(String(code)))).toBe(true);
    await mailpit.chaos({});
    expect((await send()).replies.at(-1)).toMatch(/^250/u);
  });
});

describe('GreenMail', () => {
  let greenMail: GreenMail;
  beforeAll(async () => {
    greenMail = await startGreenMail();
  }, INSTALL_LIMIT_MS);
  afterAll(() => greenMail?.close());

  const send = (key: string) => converse(greenMail.smtpPort, mailLines(message(key), { auth: greenMail }));

  test('takes a mail, which IMAP finds by its Message-ID', async () => {
    expect((await send('found')).replies.at(-1)).toMatch(/^250/u);
    expect(await search('HEADER Message-ID <found@aol.test>')).toHaveLength(1);
    expect((await greenMail.mails())[0]).toContain(message('found').trimEnd());
  });

  test('stores the mail and loses the reply to the final dot', async () => {
    greenMail.cutAfterDot('stored');
    expect(await send('stored')).toMatchObject({ broke: true });
    expect(await search('HEADER X-AOL-Key stored')).toHaveLength(1);
  });

  test('never sees the final dot, and so stores nothing', async () => {
    greenMail.cutAfterDot('lost');
    expect(await send('lost')).toMatchObject({ broke: true });
    expect(await search('HEADER X-AOL-Key lost')).toEqual([]);
    expect((await send('after')).broke).toBe(false);
  });

  /** The numbers of the mails that IMAP finds. */
  async function search(what: string): Promise<string[]> {
    const { user, password, imapPort } = greenMail;
    const text = await imap(imapPort, [`LOGIN ${user} ${password}`, 'SELECT INBOX', `UID SEARCH ${what}`]);
    return /\* SEARCH ?(.*)\r\n/u.exec(text)?.[1]?.split(' ').filter(Boolean) ?? [];
  }
});

/** Everything that the server says to these commands. */
function imap(port: number, commands: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    let sent = 0;
    socket.on('error', reject).on('data', (bytes: Buffer) => {
      text += bytes.toString('utf8');
      const isAnswered =
        sent === 0 ? text.includes('* OK') : text.includes(`\r\na${sent} `) || text.startsWith(`a${sent} `);
      if (!isAnswered) return;
      const command = commands[sent];
      sent += 1;
      if (command !== undefined) return void socket.write(`a${sent} ${command}\r\n`);
      socket.destroy();
      resolve(text);
    });
  });
}
