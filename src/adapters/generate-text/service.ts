/** What the forms of text generation share. */

import { z } from 'zod';
import type { JsonObject } from '../../contracts/http/json.ts';
import type { AttemptOutcome } from '../../domain/outcomes.ts';
import type { Answer } from '../exchange/index.ts';
import type { HttpRequest, RenderAccount } from '../port.ts';
import { type Credential, type Provider, secretReferenceSchema } from '../provider.ts';

const priceSchema = z.strictObject({
  /** In US dollars for a million tokens. */
  input: z.number().nonnegative(),
  output: z.number().nonnegative(),
  cachedInput: z.number().nonnegative().optional(),
  cacheWrite: z.number().nonnegative().optional(),
  /** When it was looked up. */
  asOf: z.iso.date(),
});

/** What an entry of either provider may say. */
export const textSettings = {
  /** A model for payloads that name none. */
  model: z.string().min(1).max(128).optional(),
  prices: z.record(z.string(), priceSchema).default({}),
};
export const keySchema = secretReferenceSchema.optional();

const pricesSchema = z.object({ prices: textSettings.prices, model: textSettings.model });

/** What a model was fed and wrote. */
export interface Tokens {
  /** All of the input, from a cache or not. */
  readonly input: number;
  readonly output: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
}

/** A text that a model wrote, whatever the form of the answer. */
export interface Generated {
  readonly id: string | undefined;
  readonly model: string | undefined;
  readonly text: string;
  /** Why it is not the whole text. */
  readonly cut: string | undefined;
  readonly tokens: Tokens | undefined;
}

/** What a payload asks for, with what its account and the defaults add. */
export interface AskedText {
  readonly prompt: string;
  readonly system?: string;
  readonly model: string;
  readonly maxTokens: number;
}

export interface TextServiceAdapter {
  readonly provider: Provider;
  render(
    ask: AskedText,
    account: RenderAccount,
  ): { readonly request: HttpRequest; readonly addedAtSending: readonly string[] };
  /** Undefined when the credential does not fit. */
  authorize(request: HttpRequest, credential: Credential): HttpRequest | undefined;
  /** Undefined when the body is no answer of this form. */
  read(body: JsonObject, answer: Answer): Generated | undefined;
  requestId(answer: Answer): string | undefined;
  /** What any other answer means. */
  outcome(answer: Answer): Exclude<AttemptOutcome, { kind: 'done' }>;
  limits(answer: Answer): AttemptOutcome['limits'];
}

export function modelOf(account: Pick<RenderAccount, 'settings'>): string | undefined {
  return pricesSchema.safeParse(account.settings).data?.model;
}

/** In US dollars; undefined where no price is known, which is not free. */
export function priceOf(
  account: Pick<RenderAccount, 'settings'>,
  models: readonly (string | undefined)[],
  tokens: Tokens,
): { readonly usd: number; readonly asOf: string } | undefined {
  const prices = pricesSchema.safeParse(account.settings).data?.prices ?? {};
  const model = models.find((name) => name !== undefined && Object.hasOwn(prices, name));
  const price = model === undefined ? undefined : prices[model];
  if (!price) return undefined;
  const { input, output, cachedInput, cacheWrite } = tokens;
  const millionths =
    (input - cachedInput - cacheWrite) * price.input +
    cachedInput * (price.cachedInput ?? price.input) +
    cacheWrite * (price.cacheWrite ?? price.input) +
    output * price.output;
  return { usd: Number((millionths / 1_000_000).toFixed(9)), asOf: price.asOf };
}

/** `https://api.example`, with or without the `/v1` at its end. */
export function versioned(server: string, path: string): string {
  return `${server.replace(/\/+$/u, '').replace(/\/v1$/u, '')}/v1${path}`;
}

/** A count of an answer; what is none counts as none. */
export function countIn(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
