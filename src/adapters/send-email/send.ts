/** Sends an approved mail, once. */

import { z } from 'zod';
import { emailAddressProblem } from '../../contracts/payloads/email-address.ts';
import { recipientsOf } from '../../contracts/payloads/send-email.ts';
import { errorText, UnavailableError } from '../../domain/errors.ts';
import type { AttemptOutcome } from '../../domain/outcomes.ts';
import { FIRST_ATTEMPT } from '../placeholder.ts';
import type { Effect, PerformContext, SmtpMessage } from '../port.ts';
import { SIGNATURE_FIELD, signaturePlaceholder, signed } from './dkim.ts';
import { DATE_FIELD, dated, mailDate, messageId } from './message.ts';
import { oneLine, outcomeOfMessage, refusalOf } from './refusals.ts';
import { openSession } from './session.ts';
import { type MailServer, sendingServer, smtpSettingsSchema } from './settings.ts';

type Outgoing =
  | {
      readonly kind: 'ready';
      readonly request: SmtpMessage;
      readonly server: MailServer;
      readonly message: Uint8Array;
      /** Undefined: the approved message has its own. */
      readonly date: string | undefined;
    }
  | Extract<AttemptOutcome, { kind: 'not_sent' | 'rejected' | 'on_hold' }>;

export async function sendMail(effect: Effect, context: PerformContext): Promise<AttemptOutcome> {
  const outgoing = await prepareMessage(effect, context);
  if (outgoing.kind !== 'ready') return outgoing;
  const { request, server, message, date } = outgoing;
  const opened = await openSession(server, context);
  if (!opened.ok) return opened.outcome;
  const { session } = opened;
  try {
    const info = await session.send(request.envelope, message);
    session.quit();
    const refused = (info.rejectedErrors ?? []).map(({ recipient, response }) => ({
      address: String(recipient ?? ''),
      reply: oneLine(response ?? ''),
    }));
    return {
      kind: 'done',
      receipt: {
        // Some providers tell in it under which id the mail goes on.
        reply: oneLine(info.response),
        server: `${server.hostname}:${server.port}`,
        messageId: messageId(context.providerKey, request.envelope.from),
        ...(date !== undefined && { date }),
        ...(info.serverMessageId !== undefined && { serverMessageId: info.serverMessageId }),
        accepted: info.accepted,
        ...(refused.length > 0 && { refused }),
      },
      ...(refused.length > 0 && { refused: refused.map(({ address }) => address) }),
    };
  } catch (error) {
    session.destroy();
    return session.handedOver() ? outcomeOfMessage(error, server) : refusalOf(error, server);
  }
}

/** Everything that can be found wrong before a connection is opened. */
async function prepareMessage(effect: Effect, context: PerformContext): Promise<Outgoing> {
  const { account, blobs, firstAttemptAt } = context;
  const { request } = effect;
  if (request.protocol !== 'smtp' || !account) return rejected('the artifact is no mail of an account');
  const problem = envelopeProblem(effect, request);
  if (problem) return rejected(problem);
  const parsed = smtpSettingsSchema.safeParse(account.settings);
  if (!parsed.success) return rejected(`the account ${account.name} is not set up: ${z.prettifyError(parsed.error)}`);
  const settings = parsed.data;
  if (request.headers?.[SIGNATURE_FIELD] !== signaturePlaceholder(settings)) {
    return rejected('the mail was approved under another DKIM signature than the account has now');
  }
  let message: Uint8Array;
  try {
    message = await blobs.read(request.message);
  } catch (error) {
    const reason = `the approved message cannot be read: ${errorText(error)}`;
    return error instanceof UnavailableError ? { kind: 'not_sent', reason } : rejected(reason);
  }
  const date = request.headers?.[DATE_FIELD] === FIRST_ATTEMPT ? mailDate(firstAttemptAt) : undefined;
  if (date !== undefined) message = dated(message, date);
  // Where there is none, what is thrown says so to the engine.
  const credential = await account.credential();
  let server: MailServer;
  try {
    server = sendingServer(settings, credential);
  } catch (error) {
    return rejected(`the account ${account.name} is not set up: ${errorText(error)}`);
  }
  const { dkim } = settings;
  if (dkim) {
    try {
      message = await signed(message, { ...dkim, privateKey: credential['dkim.privateKey'] ?? '' });
    } catch (error) {
      return { kind: 'on_hold', reason: errorText(error), needsLogin: true };
    }
  }
  return { kind: 'ready', request, server, message, date };
}

/** The envelope must say what a person was shown: one address in each place, from the account's own. */
function envelopeProblem({ account, preview }: Effect, { envelope }: SmtpMessage): string | undefined {
  const shown = preview?.kind === 'mail' ? recipientsOf(preview) : [];
  const isShown =
    shown.length === envelope.to.length && shown.every((address, index) => address === envelope.to[index]);
  if (!isShown) return 'the envelope names other recipients than the mail that was shown';
  if (envelope.from !== account?.identity) return 'the envelope names another sender than the account';
  const wrong = [envelope.from, ...envelope.to].find((address) => emailAddressProblem(address) !== undefined);
  return wrong === undefined ? undefined : 'the envelope holds what is not one address';
}

function rejected(reason: string): Extract<AttemptOutcome, { kind: 'rejected' }> {
  return { kind: 'rejected', reason };
}
