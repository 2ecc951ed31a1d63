/** GreenMail: a real mailbox over SMTP and IMAP, with a proxy before its SMTP that loses the reply to the final dot. */

import { join } from 'node:path';
import { z } from 'zod';
import { freePort } from '../../../src/local/index.ts';
import { installed, tool } from './install.ts';
import { answers, startProgram } from './program.ts';
import { type SmtpProxy, startSmtpProxy } from './smtp-proxy.ts';

const VERSION = '2.1.8';
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy';

const messagesSchema = z.array(z.object({ mimeMessage: z.string() }));

export interface GreenMail {
  /** Of the proxy: what is sent here gets to the server. */
  readonly smtpUrl: string;
  readonly smtpPort: number;
  readonly imapPort: number;
  readonly user: string;
  readonly password: string;
  /** Its own mailbox: a mail to it, by Bcc too, is found there by IMAP. Other addresses get a mailbox when mail comes. */
  readonly address: string;
  readonly cutAfterDot: SmtpProxy['cutAfterDot'];
  readonly hangAt: SmtpProxy['hangAt'];
  readonly hanging: SmtpProxy['hanging'];
  /** The mails of a mailbox with `Return-Path` and `Received` in front. The line end of the last line is GreenMail's to drop. */
  mails(address?: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function startGreenMail(): Promise<GreenMail> {
  const folder = await installed({
    name: `greenmail-${VERSION}`,
    needs: 'Java and Maven (Debian: default-jre-headless, maven)',
    fill: (draft) =>
      tool('mvn', [
        '-q',
        '-B',
        COPY,
        `-Dartifact=com.icegreen:greenmail-standalone:${VERSION}`,
        `-DoutputDirectory=${draft}`,
      ]),
  });
  const [user, password, address] = ['ops', 'imap-password-canary', 'ops@aol.test'];
  const [smtpPort, imapPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const url = `http://127.0.0.1:${apiPort}`;
  const listens = (what: string, port: number) => [`${what}.hostname=127.0.0.1`, `${what}.port=${port}`];
  const settings = [...listens('smtp', smtpPort), ...listens('imap', imapPort), ...listens('api', apiPort)];
  const program = await startProgram({
    name: 'greenmail',
    program: 'java',
    args: [
      '-Xmx128m',
      '-XX:TieredStopAtLevel=1',
      ...[...settings, `users=${user}:${password}@aol.test`].map((setting) => `-Dgreenmail.${setting}`),
      '-jar',
      join(folder, `greenmail-standalone-${VERSION}.jar`),
    ],
    probe: () => answers(`${url}/api/service/readiness`),
  });
  const proxy = await startSmtpProxy(smtpPort);
  return {
    smtpUrl: `smtp://${user}:${password}@127.0.0.1:${proxy.port}`,
    smtpPort: proxy.port,
    imapPort,
    user,
    password,
    address,
    cutAfterDot: proxy.cutAfterDot,
    hangAt: proxy.hangAt,
    hanging: proxy.hanging,
    async mails(mailbox = address) {
      const answer = await fetch(`${url}/api/user/${mailbox}/messages`);
      return answer.ok ? messagesSchema.parse(await answer.json()).map(({ mimeMessage }) => mimeMessage) : [];
    },
    async close() {
      await proxy.close();
      await program.close();
    },
  };
}
