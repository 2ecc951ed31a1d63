/** A few words of IMAP, for what only an operator of a mailbox does. */

import { connect } from 'node:net';
import { until } from './until.ts';

interface Mailbox {
  readonly imapPort: number;
  readonly user: string;
  readonly password: string;
}

/** Puts a message into the inbox, as a provider that files it late, or under an id of its own. */
export function fileMessage(mailbox: Mailbox, message: string): Promise<void> {
  return say(mailbox, `APPEND INBOX {${Buffer.byteLength(message)}+}\r\n${message}`);
}

export function createFolder(mailbox: Mailbox, name: string): Promise<void> {
  return say(mailbox, `CREATE ${name}`);
}

async function say({ imapPort, user, password }: Mailbox, command: string): Promise<void> {
  const socket = connect(imapPort, '127.0.0.1');
  let heard = '';
  socket.setEncoding('utf8').on('data', (text) => {
    heard += text;
  });
  try {
    await until('the greeting', () => heard.includes('* OK'));
    for (const [index, line] of [`LOGIN ${user} ${password}`, command].entries()) {
      socket.write(`a${index} ${line}\r\n`);
      await until(`an answer to ${line}`, () => heard.includes(`a${index} OK`));
    }
  } finally {
    socket.destroy();
  }
}
