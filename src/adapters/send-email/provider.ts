/** Accounts of mail: a server that sends, and perhaps a mailbox in which sent mail is found again. */

import { errorText } from '../../domain/errors.ts';
import { type AccountCheck, type AccountContext, type Credential, defineProvider } from '../provider.ts';
import { MailboxLoginError, sentFolder } from './mailbox.ts';
import { openSession } from './session.ts';
import { mailboxServer, type SmtpSettings, sendingServer, smtpSettingsSchema } from './settings.ts';

export const smtpProvider = defineProvider<SmtpSettings>({
  name: 'smtp',
  title: 'E-mail',
  settings: smtpSettingsSchema,
  identify: (settings, secrets = {}) => ({
    identity: settings.from,
    server: sendingServer(settings, secrets).url.host,
  }),
  variables: {
    url: { name: 'SMTP_URL', required: true, secret: true },
    from: { name: 'SMTP_FROM', required: true },
    imapUrl: { name: 'IMAP_URL', secret: true },
  },
  placeholder: { identity: 'not-configured@not-configured.invalid', server: 'not-configured.invalid:465' },
  check: checkMail,
});

/** Logs in to both, and sends nothing. */
async function checkMail(
  context: AccountContext<SmtpSettings> & { readonly credential: Credential },
): Promise<AccountCheck> {
  const { settings, credential, exchange, signal } = context;
  const opened = await openSession(sendingServer(settings, credential), { exchange, signal });
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
  const server = mailboxServer(settings, credential);
  if (!server) return { kind: 'ready', identity: settings.from, facts };
  try {
    const folder = await sentFolder({ server, exchange, signal });
    return { kind: 'ready', identity: settings.from, facts: { ...facts, sentFolder: folder ?? null } };
  } catch (error) {
    const kind = error instanceof MailboxLoginError ? 'needs_login' : 'unreachable';
    return { kind, reason: `the mailbox of ${settings.from}: ${errorText(error)}` };
  }
}
