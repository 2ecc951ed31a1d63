/** Accounts of mail: a server that sends, and perhaps a mailbox in which sent mail is found again. */

import { errorText } from '../../domain/errors.ts';
import { type AccountCheck, type AccountContext, type Credential, defineProvider } from '../provider.ts';
import { MailboxLoginError, sentFolder } from './mailbox.ts';
import { openSession } from './session.ts';
import { mailServer, type SmtpSettings, smtpSettingsSchema } from './settings.ts';

const hostAndPort = (address: string) => mailServer(address).url.host;

export const smtpProvider = defineProvider<SmtpSettings>({
  name: 'smtp',
  title: 'E-mail',
  settings: smtpSettingsSchema,
  identify: ({ from, url }) => ({ identity: from, server: hostAndPort(url) }),
  reaches: ({ imapUrl }) => (imapUrl === undefined ? [] : [hostAndPort(imapUrl)]),
  variables: {
    url: { name: 'SMTP_URL', required: true, password: 'password' },
    from: { name: 'SMTP_FROM', required: true },
    imapUrl: { name: 'IMAP_URL', password: 'imapPassword' },
  },
  placeholder: { identity: 'not-configured@not-configured.invalid', server: 'not-configured.invalid:465' },
  check: checkMail,
});

/** Logs in to both, and sends nothing. */
async function checkMail(
  context: AccountContext<SmtpSettings> & { readonly credential: Credential },
): Promise<AccountCheck> {
  const { settings, credential, exchange, signal } = context;
  const { allowUnencrypted = false, imapUrl } = settings;
  const shared = { exchange, allowUnencrypted, signal };
  const opened = await openSession(mailServer(settings.url), { ...shared, password: credential.password });
  if (!opened.ok) {
    const { kind, reason } = opened.outcome;
    return { kind: kind === 'on_hold' ? 'needs_login' : 'unreachable', reason };
  }
  const { greeting } = opened.session;
  opened.session.quit();
  const can = (extension: string) => new RegExp(`^250[- ]${extension}\\b`, 'imu').test(greeting);
  const size = /^250[- ]SIZE (\d{1,15})/imu.exec(greeting)?.[1];
  const facts = {
    ...(size !== undefined && Number(size) > 0 && { size: Number(size) }),
    eightBitMime: can('8BITMIME'),
    dsn: can('DSN'),
    filesSentMail: settings.filesSentMail === true,
  };
  if (imapUrl === undefined) return { kind: 'ready', identity: settings.from, facts };
  try {
    const password = credential.imapPassword ?? credential.password;
    const folder = await sentFolder({ ...shared, server: mailServer(imapUrl), password });
    return { kind: 'ready', identity: settings.from, facts: { ...facts, sentFolder: folder ?? null } };
  } catch (error) {
    const kind = error instanceof MailboxLoginError ? 'needs_login' : 'unreachable';
    return { kind, reason: `the mailbox of ${settings.from}: ${errorText(error)}` };
  }
}
