/** Mailpit: a real SMTP server that shows what it got, and refuses at MAIL, RCPT and AUTH when it is told to. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort } from '../../../src/local/index.ts';
import { installed, tool } from './install.ts';
import { answers, startProgram } from './program.ts';

const VERSION = '1.33.1';

const listSchema = z.object({ messages: z.array(z.object({ ID: z.string(), MessageID: z.string() })) });

/** What is refused, with which reply: 4yz and 5yz. */
export interface MailpitChaos {
  readonly sender?: number;
  readonly recipient?: number;
  readonly authentication?: number;
}

export interface Mailpit {
  /** Any user and password get in; so does nobody. */
  readonly smtpUrl: string;
  readonly smtpPort: number;
  /** Its page and its API. */
  readonly url: string;
  /**
   * The mails, newest first, each as it lies there: with what servers put in front (`Return-Path`, `Received`) and a `Bcc` of the
   * recipients that no header names.
   */
  mails(): Promise<readonly Buffer[]>;
  /** Refuses each time until it is told something else; `{}` for nothing. */
  chaos(chaos: MailpitChaos): Promise<void>;
  close(): Promise<void>;
}

/** @param tls a certificate and its key, in PEM: then nobody hands a mail over without STARTTLS */
export async function startMailpit(tls?: { readonly cert: string; readonly key: string }): Promise<Mailpit> {
  const folder = await installed({
    name: `mailpit-${VERSION}`,
    needs: 'Go',
    fill: (draft) => tool('go', ['install', `github.com/axllent/mailpit@v${VERSION}`], { GOBIN: draft, GOFLAGS: '' }),
  });
  const [smtpPort, httpPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${httpPort}`;
  const ports = ['--smtp', `127.0.0.1:${smtpPort}`, '--listen', `127.0.0.1:${httpPort}`];
  const lenient = ['--smtp-auth-allow-insecure'];
  const shared = ['--smtp-auth-accept-any', '--smtp-disable-rdns', '--enable-chaos', '--disable-version-check'];
  const program = await startProgram({
    name: 'mailpit',
    program: join(folder, 'mailpit'),
    args: async (folder) => {
      const files = [join(folder, 'smtp-cert.pem'), join(folder, 'smtp-key.pem')] as const;
      if (tls) await Promise.all([writeFile(files[0], tls.cert), writeFile(files[1], tls.key)]);
      const secure = ['--smtp-tls-cert', files[0], '--smtp-tls-key', files[1], '--smtp-require-starttls'];
      return [...ports, ...(tls ? secure : lenient), ...shared];
    },
    probe: () => answers(`${url}/readyz`),
  });
  return {
    smtpUrl: `smtp://127.0.0.1:${smtpPort}`,
    smtpPort,
    url,
    async mails() {
      const list = listSchema.parse(await (await fetch(`${url}/api/v1/messages?limit=1000`)).json());
      return Promise.all(
        list.messages.map(async ({ ID }) => {
          const raw = await fetch(`${url}/api/v1/message/${ID}/raw`);
          return Buffer.from(await raw.arrayBuffer());
        }),
      );
    },
    async chaos({ sender, recipient, authentication }) {
      const trigger = (code: number | undefined) => ({
        ErrorCode: code ?? 451,
        Probability: code === undefined ? 0 : 100,
      });
      const answer = await fetch(`${url}/api/v1/chaos`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          Sender: trigger(sender),
          Recipient: trigger(recipient),
          Authentication: trigger(authentication),
        }),
      });
      if (!answer.ok) throw new Error(`Mailpit refused the chaos: ${answer.status} ${await answer.text()}`);
    },
    close: program.close,
  };
}
