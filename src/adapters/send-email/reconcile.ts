/** Whether a mail went out whose attempt ended without a word: only the sender's mailbox can tell. */

import { errorText } from '../../domain/errors.ts';
import type { Reconciled } from '../../domain/outcomes.ts';
import type { Effect, PerformContext } from '../port.ts';
import { findMail, type MailboxLook } from './mailbox.ts';
import { messageId } from './message.ts';
import { mailboxServer, smtpSettingsSchema } from './settings.ts';

/** Filing takes seconds to minutes, and a server may think for ten minutes about a message that it has (RFC 5321, 4.5.3.2.6). */
export const SETTLE_MS = 10 * 60_000;
const ASK_AGAIN_AFTER_MS = 60_000;

const NO_MAILBOX: Reconciled = {
  kind: 'cannot_tell',
  reason: 'the account names no mailbox (imapUrl), and nobody else knows',
};

export async function findSentMail({ request }: Effect, context: PerformContext): Promise<Reconciled> {
  const { account, exchange, signal, providerKey, lastAttemptAt } = context;
  const settings = smtpSettingsSchema.safeParse(account?.settings);
  if (!account || request.protocol !== 'smtp' || !settings.success) return NO_MAILBOX;
  const { filesSentMail = false } = settings.data;
  let look: MailboxLook;
  try {
    const server = mailboxServer(settings.data, await account.credential());
    if (!server) return NO_MAILBOX;
    const wanted = { messageId: messageId(providerKey, request.envelope.from), key: providerKey };
    look = await findMail({ server, exchange, signal }, wanted);
  } catch (error) {
    const reason = `the mailbox could not be read: ${errorText(error)}`;
    return { kind: 'cannot_tell', reason, askAgainAfterMs: ASK_AGAIN_AFTER_MS };
  }
  if (look.found) {
    const { found } = look;
    return { kind: 'happened', receipt: { foundByReading: true, foundAt: new Date().toISOString(), ...found } };
  }
  const isSettled = Date.now() - lastAttemptAt.getTime() >= SETTLE_MS;
  if (filesSentMail && look.sawSentMail && isSettled) return { kind: 'did_not_happen' };
  const reason = filesSentMail
    ? 'the mailbox does not have it yet'
    : 'the mailbox does not have it, which proves nothing';
  return { kind: 'cannot_tell', reason, askAgainAfterMs: ASK_AGAIN_AFTER_MS };
}
