/** Reading at a provider whether an effect happened. */

import { isObject, type JsonObject, type JsonValue } from '../contracts/http/json.ts';
import type { Reconciled } from '../domain/outcomes.ts';
import type { PerformContext } from './port.ts';

/** How long what was sent may take to be seen by those who read; and how far its clock may be off. */
export const SETTLE_MS = 60_000;

/** Reading the whole time since the first attempt found nothing: which proves it only a while after the last one. */
export function notFound({ lastAttemptAt }: Pick<PerformContext, 'lastAttemptAt'>, nowMs: number): Reconciled {
  const waitMs = lastAttemptAt.getTime() + SETTLE_MS - nowMs;
  if (waitMs <= 0) return { kind: 'did_not_happen' };
  return { kind: 'cannot_tell', reason: 'it is not there yet', askAgainAfterMs: Math.max(1_000, waitMs) };
}

/** The objects of a list; undefined where an answer has no list there. */
export function objectsIn(value: JsonValue | undefined): readonly JsonObject[] | undefined {
  return Array.isArray(value) ? value.filter((each): each is JsonObject => isObject(each)) : undefined;
}

/** What says in a receipt that an effect was found by reading. */
export function foundByReading(): { readonly foundByReading: true; readonly foundAt: string } {
  return { foundByReading: true, foundAt: new Date().toISOString() };
}
