/** What adapters answer, without the credentials that they were given: in reasons, receipts and results. */

import type { PreparationOutcome } from '../adapters/port.ts';
import type { JsonValue } from '../contracts/http/json.ts';
import type { AttemptOutcome, Reconciled } from '../domain/outcomes.ts';

type Scrub = (text: string) => string;

export function scrubbedOutcome(outcome: AttemptOutcome, scrub: Scrub): AttemptOutcome {
  if (outcome.kind !== 'done') return { ...outcome, reason: scrub(outcome.reason) };
  const { receipt, refused } = outcome;
  return { ...outcome, receipt: scrubbedRecord(receipt, scrub), ...(refused && { refused: refused.map(scrub) }) };
}

export function scrubbedPreparation(outcome: PreparationOutcome, scrub: Scrub): PreparationOutcome {
  return 'result' in outcome
    ? { ...outcome, result: scrubbedJson(outcome.result, scrub) }
    : { ...outcome, reason: scrub(outcome.reason) };
}

export function scrubbedReconciled(said: Reconciled, scrub: Scrub): Reconciled {
  if (said.kind === 'happened') return { ...said, receipt: scrubbedRecord(said.receipt, scrub) };
  return said.kind === 'cannot_tell' ? { ...said, reason: scrub(said.reason) } : said;
}

function scrubbedRecord(record: Readonly<Record<string, unknown>>, scrub: Scrub): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [scrub(name), scrubbedValue(value, scrub)]));
}

function scrubbedValue(value: unknown, scrub: Scrub): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((item) => scrubbedValue(item, scrub));
  return typeof value === 'object' && value !== null ? scrubbedRecord({ ...value }, scrub) : value;
}

function scrubbedJson(value: JsonValue, scrub: Scrub): JsonValue {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((item) => scrubbedJson(item, scrub));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [scrub(name), scrubbedJson(item, scrub)]));
}
