/** What an error of the SMTP library means, by how far the conversation was. */

import { z } from 'zod';
import type { AttemptOutcome } from '../../domain/outcomes.ts';
import type { MailServer } from './settings.ts';

const MAX_REPLY_LENGTH = 300;
/** "Authentication required" and "credentials invalid" (RFC 4954), to whatever command. */
const LOGIN_CODES: ReadonlySet<number> = new Set([530, 535]);

/** `response`: the server's own words. `responseCode` is their number. */
const failureSchema = z.object({
  message: z.string().catch('it failed'),
  code: z.string().optional().catch(undefined),
  command: z.string().optional().catch(undefined),
  response: z.string().optional().catch(undefined),
  responseCode: z.number().optional().catch(undefined),
});
type Failure = z.output<typeof failureSchema>;

export type NothingSent = Exclude<AttemptOutcome, { readonly kind: 'done' | 'unknown' }>;

/** Of an error before the end of the message: nothing was sent. */
export function refusalOf(error: unknown, { hostname, port }: MailServer): NothingSent {
  const failure = read(error);
  const { code, responseCode: reply = 0, command } = failure;
  const reason = `nothing was sent by ${hostname}:${port}: ${wordsOf(failure)}`;
  const isFinal = reply >= 500 && reply < 600;
  const isOfLogin = code === 'EAUTH' && (isFinal || command === 'API');
  if (isOfLogin || LOGIN_CODES.has(reply)) return { kind: 'on_hold', reason, needsLogin: true };
  // A server that shuts down or lacks room says so while the message is on its way, too.
  if (code === 'EMESSAGE' && !(reply >= 400 && reply < 500)) return { kind: 'rejected', reason };
  if (code === 'EENVELOPE' && (isFinal || command === 'API')) return { kind: 'rejected', reason };
  return { kind: 'not_sent', reason };
}

/** Of an error after the whole message was handed over: only a reply of the server says what became of it. */
export function outcomeOfMessage(error: unknown, { hostname, port }: MailServer): AttemptOutcome {
  const failure = read(error);
  const { code, responseCode: reply = 0 } = failure;
  if (code === 'EMESSAGE' && reply >= 400 && reply < 600) {
    const reason = `${hostname}:${port} did not take the message: ${wordsOf(failure)}`;
    return reply < 500 ? { kind: 'not_sent', reason } : { kind: 'rejected', reason };
  }
  return { kind: 'unknown', reason: `the message went to ${hostname}:${port}, and no reply came: ${wordsOf(failure)}` };
}

/** A reply on one line, as far as a person reads it. */
export function oneLine(reply: string): string {
  return reply
    .replaceAll(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, MAX_REPLY_LENGTH);
}

function read(error: unknown): Failure {
  const parsed = failureSchema.safeParse(error);
  return parsed.success ? parsed.data : { message: 'it failed' };
}

function wordsOf({ message, command, response }: Failure): string {
  const words = oneLine(response ?? message);
  return command === undefined || command === 'CONN' || command === 'API' ? words : `${command}: ${words}`;
}
