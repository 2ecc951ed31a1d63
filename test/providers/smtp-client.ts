/** A client of SMTP that says its lines and collects the replies, whatever they are. */

import { connect } from 'node:net';

export interface Conversation {
  /** Last lines of the replies, in order. */
  readonly replies: readonly string[];
  /** The connection broke before the client was through. */
  readonly broke: boolean;
}

/**
 * Says each line once the reply to the one before it is there. A `Buffer` is written as it is and waits for no reply.
 *
 * @param giveUp leaves a server that says nothing more
 */
export function converse(
  port: number,
  lines: readonly (string | Buffer)[],
  giveUp?: AbortSignal,
): Promise<Conversation> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const replies: string[] = [];
    const left = [...lines];
    let text = '';
    const end = (broke: boolean) => {
      socket.destroy();
      resolve({ replies, broke });
    };
    giveUp?.addEventListener('abort', () => end(true));
    const next = () => {
      const line = left.shift();
      if (line === undefined) return end(false);
      socket.write(typeof line === 'string' ? `${line}\r\n` : line);
      if (typeof line !== 'string') next();
    };
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('utf8');
      for (;;) {
        const found = /^(?:\d{3}-.*\r\n)*(\d{3}(?: .*)?|[^\d].*)\r\n/u.exec(text);
        if (found === null) return;
        text = text.slice(found[0].length);
        replies.push(found[1] ?? '');
        next();
      }
    });
    socket.on('error', () => undefined).on('close', () => end(true));
  });
}

/** The lines that send a message, the last of which is the final dot. The message ends with a line end. */
export function mailLines(message: string, { auth, from = 'ops@aol.test', to = ['ops@aol.test'] }: MailOptions = {}) {
  const plain = auth && Buffer.from(`\0${auth.user}\0${auth.password}`).toString('base64');
  return [
    'EHLO client.test',
    ...(plain ? [`AUTH PLAIN ${plain}`] : []),
    `MAIL FROM:<${from}>`,
    ...to.map((address) => `RCPT TO:<${address}>`),
    'DATA',
    Buffer.from(message.replaceAll(/^\./gmu, '..')),
    '.',
  ];
}

export interface MailOptions {
  readonly auth?: { readonly user: string; readonly password: string };
  readonly from?: string;
  readonly to?: readonly string[];
}
