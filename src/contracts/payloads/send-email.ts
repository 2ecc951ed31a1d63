/** `SEND_EMAIL`: one mail from one account. */

import { z } from 'zod';
import { storableText } from '../http/json.ts';
import { sha256Schema } from '../http/primitives.ts';
import { accountNameSchema } from './common.ts';
import type { ActionContract } from './contract.ts';
import { emailAddressSchema } from './email-address.ts';
import { webAddressProblem } from './urls.ts';

export const MAX_RECIPIENTS = 50;
export const MAX_ATTACHMENTS = 10;
/** What most servers take, after base64 has made a third more of it. */
export const MAX_ATTACHED_BYTES = 15 * 1024 * 1024;
const MAX_SUBJECT_LENGTH = 250;
const MAX_TEXT_LENGTH = 60_000;
const MAX_FILE_NAME_LENGTH = 150;
const MAX_UNSUBSCRIBE_LENGTH = 900;

const addressesSchema = z.array(emailAddressSchema).min(1).max(MAX_RECIPIENTS);

const attachmentSchema = z.strictObject({
  sha256: sha256Schema,
  fileName: storableText(1, MAX_FILE_NAME_LENGTH).regex(/^[^\p{C}\p{Zl}\p{Zp}/\\:"<>|?*]+$/u, {
    message: 'must be the name of a file, without folders and control characters',
  }),
});

const unsubscribeSchema = storableText(1, MAX_UNSUBSCRIBE_LENGTH)
  .superRefine((text, context) => {
    const rule = unsubscribeProblem(text);
    if (rule) context.addIssue({ code: 'custom', message: rule });
  })
  .meta({
    format: 'uri',
    title: 'Unsubscribe address',
    description: 'Where the receiver’s mail service unsubscribes by one click: https, with an opaque id.',
  });

function unsubscribeProblem(text: string): string | undefined {
  if (!text.startsWith('https://')) return 'must be an https address: mail services ask for it by POST (RFC 8058)';
  if (!/^[!-~]+$/u.test(text) || /[<>"#]/u.test(text)) return 'must be plain ASCII without spaces, < > " and #';
  return webAddressProblem(text);
}

const fieldsSchema = z.strictObject({
  to: addressesSchema.meta({ title: 'To' }),
  cc: addressesSchema.meta({ title: 'Cc', description: 'They get a copy, and everybody sees it.' }).optional(),
  /** They get the mail, and no header names them. */
  bcc: addressesSchema.meta({ title: 'Bcc', description: 'They get the mail, and nobody sees it.' }).optional(),
  subject: storableText(1, MAX_SUBJECT_LENGTH)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, {
      message: 'must be one line without control characters',
    })
    .meta({ title: 'Subject' }),
  text: storableText(1, MAX_TEXT_LENGTH).meta({ title: 'Text' }),
  /** Another form of the text. */
  html: storableText(1, MAX_TEXT_LENGTH)
    .meta({ title: 'HTML', description: 'Another form of the text, for readers that show it.' })
    .optional(),
  replyTo: emailAddressSchema
    .meta({ title: 'Answers go to', description: 'Left out: to the account it is sent from.' })
    .optional(),
  account: accountNameSchema.optional(),
  /** Files that were stored before by `PUT /v1/blobs`. */
  attachments: z.array(attachmentSchema).min(1).max(MAX_ATTACHMENTS).meta({ title: 'Attachments' }).optional(),
  /** Where the receiver's mail service unsubscribes by one click: an address with an opaque id. */
  unsubscribe: unsubscribeSchema.optional(),
});

export type SendEmail = z.infer<typeof fieldsSchema>;

export const sendEmailSchema = fieldsSchema.superRefine((mail, context) => {
  const seen = new Set<string>();
  for (const field of ['to', 'cc', 'bcc'] as const) {
    for (const [index, address] of (mail[field] ?? []).entries()) {
      const isNew = !seen.has(address.toLowerCase());
      seen.add(address.toLowerCase());
      if (!isNew) context.addIssue({ code: 'custom', message: 'stands twice', path: [field, index] });
    }
  }
  if (seen.size > MAX_RECIPIENTS) {
    const message = `must be at most ${MAX_RECIPIENTS} together with cc and bcc, and are ${seen.size}`;
    context.addIssue({ code: 'custom', message, path: ['to'] });
  }
  for (const field of ['subject', 'text'] as const) {
    if (!/\S/u.test(mail[field])) context.addIssue({ code: 'custom', message: 'must not be blank', path: [field] });
  }
});

/** Everybody who gets it, in the order of the envelope. */
export function recipientsOf({ to, cc = [], bcc = [] }: Pick<SendEmail, 'to' | 'cc' | 'bcc'>): readonly string[] {
  return [...to, ...cc, ...bcc];
}

export const sendEmailContract: ActionContract<SendEmail> = {
  type: 'SEND_EMAIL',
  title: 'Send an e-mail',
  payload: sendEmailSchema,
  example: { to: ['ada@example.com'], subject: 'Your order', text: 'It is on its way.' },
  performs: true,
  checkFiles({ attachments = [] }, files) {
    const byteCount = attachments.reduce((sum, { sha256 }) => sum + (files.get(sha256)?.byteCount ?? 0), 0);
    if (byteCount <= MAX_ATTACHED_BYTES) return [];
    const rule = `must have at most ${MAX_ATTACHED_BYTES} bytes together, and have ${byteCount}`;
    return [{ field: 'payload.attachments', rule }];
  },
  redelivery: 'reconciles',
  account: ({ account }) => ({ provider: 'smtp', name: account }),
  providers: { smtp: ['SMTP_URL', 'SMTP_FROM'] },
  limits: {
    recipients: `${MAX_RECIPIENTS}`,
    subject: `${MAX_SUBJECT_LENGTH} characters`,
    text: `${MAX_TEXT_LENGTH} characters`,
    attachments: `${MAX_ATTACHMENTS} files, ${MAX_ATTACHED_BYTES / 1024 / 1024} MiB together`,
  },
};
