/** The adapter of `SEND_EMAIL`: one mail, whole at its proof but for its date, handed over as it was approved. */

import { z } from 'zod';
import { recipientsOf, type SendEmail, sendEmailContract } from '../../contracts/payloads/send-email.ts';
import type { Preview } from '../../contracts/preview.ts';
import { InvalidRequestError } from '../../domain/errors.ts';
import { RenderError } from '../errors.ts';
import { FIRST_ATTEMPT } from '../placeholder.ts';
import { defineAdapter, type Effect, type EffectBlob, type RenderAccount, type RenderContext } from '../port.ts';
import { storedEffectProblem } from '../stored-effect.ts';
import { SIGNATURE_FIELD, signaturePlaceholder } from './dkim.ts';
import { composeMessage, DATE_FIELD } from './message.ts';
import { smtpProvider } from './provider.ts';
import { findSentMail } from './reconcile.ts';
import { sendMail } from './send.ts';
import { type SmtpSettings, smtpSettingsSchema } from './settings.ts';

/** Version 1 held a date: when its action was due, however late it went out. */
const VERSION = 2;
const DATE_PATH = `headers.${DATE_FIELD}`;
const SIGNATURE_PATH = `headers.${SIGNATURE_FIELD}`;
const MAX_SUBJECT_IN_SUMMARY = 60;

/** What the server said at the account's last check. */
const factsSchema = z.object({ size: z.number().positive().optional().catch(undefined) });

export const sendEmailAdapter = defineAdapter<SendEmail>({
  contract: sendEmailContract,
  version: VERSION,
  providers: [smtpProvider],
  account: ({ account }) => ({ provider: smtpProvider.name, name: account }),
  redelivery: () => ({ kind: 'neither' }),
  async render(mail, context) {
    const { account, blobs } = context;
    if (!account) throw new RenderError('a mail needs an account');
    const { name, provider, identity, server } = account;
    const settings = settingsOf(account);
    const fromName = settings?.fromName;
    const signature = settings && signaturePlaceholder(settings);
    const bytes = await composeMessage(mail, { address: identity, name: fromName }, context);
    const { size } = factsSchema.parse(account.facts);
    if (size !== undefined && bytes.byteLength > size) {
      throw new InvalidRequestError(`the mail has ${bytes.byteLength} bytes, and ${server} takes ${size}`);
    }
    const message = await blobs.keep(bytes, 'message/rfc822');
    return {
      type: sendEmailContract.type,
      adapterVersion: VERSION,
      summary: summaryOf(mail, identity),
      preview: previewOf(mail, fromName === undefined ? identity : `${fromName} <${identity}>`),
      account: { name, provider, identity, server },
      preparations: [],
      request: {
        protocol: 'smtp',
        envelope: { from: identity, to: recipientsOf(mail) },
        message: message.sha256,
        headers: { [DATE_FIELD]: FIRST_ATTEMPT, ...(signature !== undefined && { [SIGNATURE_FIELD]: signature }) },
      },
      blobs: [message, ...(await attachedBlobs(mail, blobs))],
      addedAtSending: signature === undefined ? [DATE_PATH] : [DATE_PATH, SIGNATURE_PATH],
    };
  },
  async perform(effect, context) {
    const problem = storedEffectProblem(effect, VERSION, [DATE_PATH, SIGNATURE_PATH]);
    return problem === undefined ? sendMail(effect, context) : { kind: 'rejected', reason: problem };
  },
  reconcile: findSentMail,
});

/** Undefined where no account is configured. */
function settingsOf({ settings }: RenderAccount): SmtpSettings | undefined {
  const parsed = smtpSettingsSchema.safeParse(settings);
  return parsed.success ? parsed.data : undefined;
}

/** They lie in the message already; here a page finds them to show. */
async function attachedBlobs({ attachments = [] }: SendEmail, blobs: RenderContext['blobs']): Promise<EffectBlob[]> {
  const hashes = [...new Set(attachments.map(({ sha256 }) => sha256))];
  return Promise.all(
    hashes.map(async (sha256) => {
      const { mediaType, byteCount } = await blobs.describe(sha256);
      return { sha256, mediaType, byteCount };
    }),
  );
}

function previewOf({ to, cc, bcc, replyTo, subject, text, html, attachments }: SendEmail, from: string): Preview {
  return {
    kind: 'mail',
    from,
    to,
    ...(cc && { cc }),
    ...(bcc && { bcc }),
    ...(replyTo !== undefined && { replyTo }),
    subject,
    text,
    ...(html !== undefined && { html }),
    ...(attachments && { attachments }),
  };
}

function summaryOf(mail: SendEmail, from: string): Effect['summary'] {
  const [first = '', ...others] = recipientsOf(mail);
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const letters = Array.from(mail.subject.replaceAll(/\s+/gu, ' ').trim());
  const subject =
    letters.length > MAX_SUBJECT_IN_SUMMARY
      ? `${letters.slice(0, MAX_SUBJECT_IN_SUMMARY - 1).join('')}…`
      : letters.join('');
  return `Mail to ${first.slice(0, 50)}${more} from ${from.slice(0, 50)}: "${subject}"`;
}
