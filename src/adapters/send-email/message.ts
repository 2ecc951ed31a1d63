/** The message of RFC 5322, whole but for its date, and the same bytes each time. */

import MailComposer from 'nodemailer/lib/mail-composer';
import { MAX_ATTACHED_BYTES, type SendEmail } from '../../contracts/payloads/send-email.ts';
import { InvalidRequestError } from '../../domain/errors.ts';
import { sha256Hex } from '../../domain/hashing.ts';
import type { RenderContext } from '../port.ts';

/** Not in the message: it goes before it when it is sent. */
export const DATE_FIELD = 'date';

/** Survives where a provider puts its own Message-ID. */
export const KEY_HEADER = 'X-AOL-Key';

export interface Sender {
  readonly address: string;
  readonly name?: string | undefined;
}

/** `<key@sender-domain>`. */
export function messageId(providerKey: string, sender: string): string {
  return `<${providerKey}@${sender.slice(sender.lastIndexOf('@') + 1)}>`;
}

/**
 * Builds the message: addresses one by one, no Bcc, no date, nothing read from files or the network.
 *
 * @throws InvalidRequestError when an attachment is not stored, or all of them are too large
 */
export async function composeMessage(
  mail: SendEmail,
  sender: Sender,
  { providerKey, blobs }: Pick<RenderContext, 'providerKey' | 'blobs'>,
): Promise<Buffer> {
  const address = (text: string) => ({ name: '', address: text });
  const message = await new MailComposer({
    from: { name: sender.name ?? '', address: sender.address },
    to: mail.to.map(address),
    ...(mail.cc && { cc: mail.cc.map(address) }),
    ...(mail.replyTo !== undefined && { replyTo: address(mail.replyTo) }),
    subject: mail.subject,
    text: mail.text,
    ...(mail.html !== undefined && { html: mail.html }),
    attachments: await attachmentsOf(mail.attachments ?? [], blobs),
    messageId: messageId(providerKey, sender.address),
    baseBoundary: sha256Hex(`boundary of ${providerKey}`).slice(0, 24),
    headers: [
      { key: KEY_HEADER, value: providerKey },
      // Keeps answers of machines away (RFC 3834).
      { key: 'Auto-Submitted', value: 'auto-generated' },
      ...unsubscribeHeaders(mail.unsubscribe),
    ],
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
  return withoutDate(message);
}

/** The library always says when it built a message; ours says when it goes out. */
function withoutDate(message: Buffer): Buffer {
  const start = message.indexOf('\r\nDate: ');
  return Buffer.concat([message.subarray(0, start), message.subarray(message.indexOf('\r\n', start + 2))]);
}

/** The message with its date before it. */
export function dated(message: Uint8Array, date: string): Buffer {
  return Buffer.concat([Buffer.from(`Date: ${date}\r\n`), message]);
}

/** As RFC 5322 writes a time: `Mon, 23 Nov 2026 16:00:00 +0000`. */
export function mailDate(at: Date): string {
  return at.toUTCString().replace('GMT', '+0000');
}

/** One click, without a page in between (RFC 8058). */
function unsubscribeHeaders(url: string | undefined) {
  if (url === undefined) return [];
  return [
    { key: 'List-Unsubscribe', value: { prepared: true, value: `<${url}>` } },
    { key: 'List-Unsubscribe-Post', value: 'List-Unsubscribe=One-Click' },
  ];
}

async function attachmentsOf(attachments: NonNullable<SendEmail['attachments']>, blobs: RenderContext['blobs']) {
  const described = await Promise.all(attachments.map(({ sha256 }) => blobs.describe(sha256)));
  const byteCount = described.reduce((sum, file) => sum + file.byteCount, 0);
  if (byteCount > MAX_ATTACHED_BYTES) {
    throw new InvalidRequestError(`the attachments have ${byteCount} bytes, and may have ${MAX_ATTACHED_BYTES}`);
  }
  return Promise.all(
    attachments.map(async ({ sha256, fileName }, index) => ({
      filename: fileName,
      content: Buffer.from(await blobs.read(sha256)),
      contentType: attachedType(described[index]?.mediaType),
      contentDisposition: 'attachment',
      contentTransferEncoding: 'base64',
    })),
  );
}

/** A message within the message could not be encoded; it is a file like others here. */
function attachedType(mediaType: string | undefined): string {
  return mediaType === undefined || /^(?:message|multipart)\//iu.test(mediaType)
    ? 'application/octet-stream'
    : mediaType;
}
