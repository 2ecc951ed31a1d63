/** An SMTP server of our own that keeps what it got, byte for byte, and breaks off at any stage. No library: it owns each byte. */

import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createSmtpInput, type SmtpInput } from './smtp-input.ts';

export type SmtpStage =
  /** Before the greeting. */
  | 'banner'
  | 'ehlo'
  | 'auth'
  | 'mail'
  | 'rcpt'
  /** Instead of 354. */
  | 'data'
  /** Within the message, after `afterBytes` of it. */
  | 'message'
  /** After the final dot, before its reply. */
  | 'dot'
  | 'quit';

export interface SmtpMisbehaviour {
  readonly at: SmtpStage;
  /** `cut` resets the connection, `hang` says nothing more, `reply` says `reply`, `garbage` says something that is no SMTP. */
  readonly how: 'cut' | 'hang' | 'reply' | 'garbage';
  readonly reply?: string;
  /** With `dot`: whether the mail was taken all the same. */
  readonly stores?: boolean;
  /** With `rcpt`: for this address alone. */
  readonly recipient?: string;
  /** With `message`. */
  readonly afterBytes?: number;
  /** Once by default. */
  readonly times?: number;
}

export interface SeenMail {
  readonly from: string;
  /** Those that were accepted. */
  readonly to: readonly string[];
  /** As it was written by the client, without the dots that SMTP doubles. */
  readonly message: Buffer;
}

export interface SeenSmtpSession {
  /** Lines of the client, in its own case; of AUTH what it sent. */
  readonly commands: readonly string[];
  /** Bytes after 354, with what has come of them. */
  readonly data: Buffer;
}

export interface SmtpServer {
  readonly url: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  sessions(): readonly SeenSmtpSession[];
  /** The mails that it took responsibility for. */
  mails(): readonly SeenMail[];
  /** How many conversations hung. */
  hanging(): number;
  misbehave(misbehaviour: SmtpMisbehaviour): void;
  behave(): void;
  /** Waits this long before each reply. */
  slow(delayMs: number): void;
  close(): Promise<void>;
}

interface Session {
  readonly commands: string[];
  data: Buffer;
  from: string | undefined;
  to: string[];
  isAuthenticated: boolean;
}

const SIZE = 1024 * 1024;

/** Wants the user and the password unless `anybody` may send. */
export async function startSmtpServer({ anybody = false } = {}): Promise<SmtpServer> {
  const [user, password] = ['mailer', 'smtp-password-canary'];
  const sessions: Session[] = [];
  const mails: SeenMail[] = [];
  const orders: (SmtpMisbehaviour & { left: number })[] = [];
  const sockets = new Set<Socket>();
  const closing = new AbortController();
  let delayMs = 0;
  let hanging = 0;

  const due = (at: SmtpStage, recipient?: string) => {
    const fits = (one: SmtpMisbehaviour) => one.at === at && (one.recipient ?? recipient) === recipient;
    const order = orders.find((one) => one.left > 0 && fits(one));
    if (order) order.left -= 1;
    return order;
  };

  /** Says it, or misbehaves instead. False: the conversation is over. */
  const say = async (socket: Socket, at: SmtpStage, reply: string, order = due(at)): Promise<boolean> => {
    if (delayMs > 0) await delay(delayMs, undefined, { signal: closing.signal });
    if (order?.how === 'cut') socket.resetAndDestroy();
    if (order?.how === 'hang') hanging += 1;
    if (order?.how === 'cut' || order?.how === 'hang' || socket.destroyed) return false;
    socket.write(order?.how === 'garbage' ? '\u0000 what is this\r\n' : `${order?.reply ?? reply}\r\n`);
    return !(order?.reply ?? reply).startsWith('421');
  };

  const converse = async (socket: Socket) => {
    const session: Session = { commands: [], data: Buffer.alloc(0), from: undefined, to: [], isAuthenticated: anybody };
    sessions.push(session);
    const input = createSmtpInput(socket);
    if (!(await say(socket, 'banner', '220 smtp.test ESMTP'))) return;
    for (;;) {
      const line = await input.line();
      if (line === undefined) return;
      session.commands.push(line);
      const verb = (line.split(' ')[0] ?? '').toUpperCase();
      if (verb === 'DATA') {
        if (!(await takeMessage(socket, session, input))) return;
      } else if (!(await obey(socket, session, input, verb, line))) return;
    }
  };

  const obey = async (
    socket: Socket,
    session: Session,
    input: SmtpInput,
    verb: string,
    line: string,
  ): Promise<boolean> => {
    const address = /<([^>]*)>/u.exec(line)?.[1] ?? '';
    if (verb === 'EHLO' || verb === 'HELO') {
      return say(socket, 'ehlo', `250-smtp.test\r\n250-8BITMIME\r\n250-SIZE ${SIZE}\r\n250 AUTH PLAIN LOGIN`);
    }
    if (verb === 'AUTH') {
      const isRight = (await credentials(socket, input, line)) === `${user}\0${password}`;
      const order = due('auth');
      session.isAuthenticated = isRight && order === undefined;
      return say(socket, 'auth', isRight ? '235 2.7.0 welcome' : '535 5.7.8 wrong credentials', order);
    }
    if (verb === 'MAIL') {
      const size = Number(/SIZE=(\d+)/iu.exec(line)?.[1] ?? 0);
      const order = due('mail');
      if (!session.isAuthenticated) return say(socket, 'mail', '530 5.7.0 authenticate first', order);
      if (size > SIZE) return say(socket, 'mail', '552 5.3.4 too large', order);
      if (order === undefined) [session.from, session.to] = [address, []];
      return say(socket, 'mail', '250 2.1.0 ok', order);
    }
    if (verb === 'RCPT') {
      const order = due('rcpt', address);
      if (session.from === undefined) return say(socket, 'rcpt', '503 5.5.1 MAIL first', order);
      if (order === undefined) session.to.push(address);
      return say(socket, 'rcpt', '250 2.1.5 ok', order);
    }
    if (verb === 'RSET') [session.from, session.to] = [undefined, []];
    if (verb === 'QUIT') {
      await say(socket, 'quit', '221 2.0.0 bye');
      socket.end();
      return false;
    }
    return say(socket, 'ehlo', ['RSET', 'NOOP'].includes(verb) ? '250 2.0.0 ok' : '502 5.5.1 not known', undefined);
  };

  const takeMessage = async (socket: Socket, session: Session, input: SmtpInput): Promise<boolean> => {
    const { from, to } = session;
    const refusal = due('data');
    if (from === undefined || to.length === 0) return say(socket, 'data', '503 5.5.1 no valid recipients', refusal);
    const goesOn = await say(socket, 'data', '354 go on', refusal);
    if (!goesOn || refusal !== undefined) return goesOn;
    const broken = due('message');
    const limit = broken === undefined ? undefined : (broken.afterBytes ?? 1);
    const message = await input.message(limit, (bytes) => {
      session.data = bytes;
    });
    if (message === undefined) {
      if (broken?.how === 'hang') hanging += 1;
      else socket.resetAndDestroy();
      return false;
    }
    const order = due('dot');
    if (order === undefined || order.stores) mails.push({ from, to, message });
    [session.from, session.to] = [undefined, []];
    return say(socket, 'dot', `250 2.0.0 queued as ${mails.length}`, order);
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    void converse(socket).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    url: anybody ? `smtp://127.0.0.1:${port}` : `smtp://${user}:${password}@127.0.0.1:${port}`,
    port,
    user,
    password,
    sessions: () => sessions,
    mails: () => mails,
    hanging: () => hanging,
    misbehave: (misbehaviour) => void orders.push({ ...misbehaviour, left: misbehaviour.times ?? 1 }),
    behave: () => void orders.splice(0),
    slow: (pauseMs) => {
      delayMs = pauseMs;
    },
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** `user NUL password`, from PLAIN or LOGIN. */
async function credentials(socket: Socket, input: SmtpInput, line: string): Promise<string> {
  const [, method = '', initial] = line.split(' ');
  const ask = async (prompt: string) => {
    socket.write(`334 ${Buffer.from(prompt).toString('base64')}\r\n`);
    return (await input.line()) ?? '';
  };
  const text = (base64: string) => Buffer.from(base64, 'base64').toString('utf8');
  if (method.toUpperCase() === 'PLAIN')
    return text(initial ?? (await ask('')))
      .split('\0')
      .slice(1)
      .join('\0');
  return [text(initial ?? (await ask('Username:'))), text(await ask('Password:'))].join('\0');
}
