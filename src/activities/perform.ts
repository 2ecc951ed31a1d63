/** The one call into an adapter that reaches the outside, and the question afterwards. Neither ever throws. */

import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Effect, PerformContext, PreparationOutcome } from '../adapters/port.ts';
import type { RegisteredAdapter } from '../adapters/registry.ts';
import { type JsonValue, jsonObjectSchema } from '../contracts/http/json.ts';
import { AccountOnHoldError, errorText } from '../domain/errors.ts';
import { ATTEMPT_TIMEOUT_MS } from '../domain/limits.ts';
import type { AttemptOutcome, Reconciled } from '../domain/outcomes.ts';
import { scrubbedOutcome, scrubbedReconciled } from './scrubbed.ts';

/** An adapter that does not heed its signal is left behind after this. */
const DEAF_LIMIT_MS = 500;
const MAX_RECEIPT_BYTES = 64 * 1024;

const reasonSchema = z.string().transform((reason) => errorText(reason));
const limitsSchema = z
  .array(z.object({ scope: z.string().max(100), remaining: z.number(), resetAt: z.number() }))
  .max(20)
  .optional()
  .catch(undefined);
const waitSchema = z.number().nonnegative().optional().catch(undefined);
const receiptSchema = z.unknown().transform(storableReceipt);
const notSentSchema = z.object({
  kind: z.literal('not_sent'),
  reason: reasonSchema,
  retryAfterMs: waitSchema,
  prepareAgain: z.boolean().optional().catch(undefined),
  limits: limitsSchema,
});
const onHoldSchema = z.object({
  kind: z.literal('on_hold'),
  reason: reasonSchema,
  untilMs: z.number().optional().catch(undefined),
  needsLogin: z.boolean().optional().catch(undefined),
  limits: limitsSchema,
});
const rejectedSchema = z.object({ kind: z.literal('rejected'), reason: reasonSchema, limits: limitsSchema });

const outcomeSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('done'),
    receipt: receiptSchema,
    refused: z.array(z.string()).optional().catch(undefined),
    limits: limitsSchema,
  }),
  notSentSchema,
  onHoldSchema,
  rejectedSchema,
  z.object({ kind: z.literal('unknown'), reason: reasonSchema, limits: limitsSchema }),
]);

const storableJsonSchema = z.unknown().transform((value, context): JsonValue => {
  try {
    const text = JSON.stringify(value);
    if (text !== undefined && text.length <= MAX_RECEIPT_BYTES) return JSON.parse(text);
  } catch {
    // Said below.
  }
  context.addIssue({ code: 'custom', message: 'must be JSON of at most 64 KiB' });
  return z.NEVER;
});

const preparationSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), result: storableJsonSchema, limits: limitsSchema }),
  z.object({
    kind: z.literal('not_yet'),
    result: storableJsonSchema,
    askAgainAfterMs: z.number().min(100).max(3_600_000).catch(5_000),
    limits: limitsSchema,
  }),
  notSentSchema,
  onHoldSchema,
  rejectedSchema,
]);

const reconciledSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('happened'), receipt: receiptSchema }),
  z.object({ kind: z.literal('did_not_happen') }),
  z.object({ kind: z.literal('cannot_tell'), reason: reasonSchema, askAgainAfterMs: waitSchema }),
]);

/** Takes credentials out of a text. */
export type Scrub = (text: string) => string;

/** Performs once. What an adapter throws, or answers against its contract, is an unknown outcome: it may have sent something. */
export async function perform(
  adapter: RegisteredAdapter,
  effect: Effect,
  context: PerformContext,
  scrub: Scrub,
): Promise<AttemptOutcome> {
  return scrubbedOutcome(await performed(adapter, effect, context), scrub);
}

async function performed(adapter: RegisteredAdapter, effect: Effect, context: PerformContext): Promise<AttemptOutcome> {
  if (!adapter.perform) return { kind: 'rejected', reason: 'the adapter performs nothing' };
  try {
    const answer: unknown = await Promise.race([adapter.perform(effect, context), overdue(context.signal)]);
    return outcomeOf(answer) ?? { kind: 'unknown', reason: 'the adapter answered no outcome' };
  } catch (error) {
    // A credential is asked for before anything is sent, or after an answer that says that nothing happened.
    if (error instanceof AccountOnHoldError) return onHold(error);
    return { kind: 'unknown', reason: `the adapter threw: ${errorText(error)}` };
  }
}

/** Asks the provider whether the effect happened. What cannot be asked cannot be told. Never throws. */
export async function reconcile(
  adapter: RegisteredAdapter,
  effect: Effect,
  context: PerformContext,
  scrub: Scrub,
): Promise<Reconciled> {
  return scrubbedReconciled(await reconciled(adapter, effect, context), scrub);
}

async function reconciled(adapter: RegisteredAdapter, effect: Effect, context: PerformContext): Promise<Reconciled> {
  if (!adapter.reconcile) return { kind: 'cannot_tell', reason: 'this provider cannot be asked' };
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
  try {
    const answer: unknown = await Promise.race([adapter.reconcile(effect, { ...context, signal }), overdue(signal)]);
    const parsed = reconciledSchema.safeParse(answer);
    return parsed.success ? parsed.data : { kind: 'cannot_tell', reason: 'the adapter gave no answer' };
  } catch (error) {
    return { kind: 'cannot_tell', reason: `the adapter threw: ${errorText(error)}` };
  }
}

export function onHold({
  message,
  untilMs,
  needsLogin,
}: AccountOnHoldError): Extract<AttemptOutcome, { kind: 'on_hold' }> {
  return { kind: 'on_hold', reason: message, needsLogin, untilMs };
}

/** What an adapter answered to a preparation; what fits nothing is a failure of it. */
export function preparationOutcomeOf(answer: unknown): PreparationOutcome {
  const parsed = preparationSchema.safeParse(answer);
  if (parsed.success) return parsed.data;
  return { kind: 'not_sent', reason: 'the adapter answered no outcome' };
}

export async function overdue(signal: AbortSignal): Promise<AttemptOutcome> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await delay(DEAF_LIMIT_MS);
  return { kind: 'unknown', reason: 'the adapter did not end when it was told to' };
}

function outcomeOf(answer: unknown): AttemptOutcome | undefined {
  const parsed = outcomeSchema.safeParse(answer);
  return parsed.success ? parsed.data : undefined;
}

/** Done is done, whatever the receipt is: one that cannot be stored is replaced by a note. */
function storableReceipt(receipt: unknown): Readonly<Record<string, unknown>> {
  try {
    const text = JSON.stringify(receipt);
    const parsed = jsonObjectSchema.safeParse(JSON.parse(text));
    if (parsed.success && text.length <= MAX_RECEIPT_BYTES) return parsed.data;
  } catch {
    // BigInt, a circle, a getter that throws: the note below.
  }
  return { note: 'the adapter’s receipt could not be stored' };
}
