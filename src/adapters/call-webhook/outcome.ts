/** From an answer's status to how the attempt ended. `docs/webhooks.md` has the table. */

import type { AttemptOutcome } from '../../domain/outcomes.ts';
import type { Answer } from '../exchange/index.ts';
import { retryAfterMs } from '../http-answers.ts';
import { bodyText, webhookReceipt } from './receipt.ts';

const EXCERPT_LENGTH = 200;

/**
 * @param scrub secrets that must not come back in a receipt or a reason
 * @param nowMs what a `Retry-After` that names a date is counted from
 */
export function outcomeOfAnswer(answer: Answer, scrub: readonly string[], nowMs: number): AttemptOutcome {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return { kind: 'done', receipt: webhookReceipt(answer, scrub) };
  const reason = reasonOf(answer, scrub);
  const delayMs = retryAfterMs(headers['retry-after'], nowMs);
  switch (status) {
    // The receiver says that it did not process the request (RFC 6585, RFC 8470).
    case 429:
    case 425:
      return notSent(reason, delayMs);
    // Asking to come back says the same; a bare 503 may be a proxy's, whose backend had begun.
    case 503:
      return delayMs === undefined ? { kind: 'unknown', reason } : notSent(reason, delayMs);
    // By RFC 9110 the request did not arrive whole. We send it in one piece: it is a backend that took too long.
    case 408:
      return { kind: 'unknown', reason };
    default:
      return { kind: status >= 300 && status < 500 ? 'rejected' : 'unknown', reason };
  }
}

function notSent(reason: string, delayMs: number | undefined): AttemptOutcome {
  return { kind: 'not_sent', reason, ...(delayMs !== undefined && { retryAfterMs: delayMs }) };
}

function reasonOf(answer: Answer, scrub: readonly string[]): string {
  const excerpt = bodyText(answer, scrub)?.slice(0, EXCERPT_LENGTH).toWellFormed();
  const meaning = meaningOf(answer.status);
  return `the receiver answered ${answer.status}${meaning}${excerpt ? `: ${JSON.stringify(excerpt)}` : ''}`;
}

function meaningOf(status: number): string {
  if (status >= 300 && status < 400) return ' (a redirect, and none is followed)';
  return status === 410 ? ' (gone: it wants no more calls)' : '';
}
