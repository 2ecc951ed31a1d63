/** From a payload to the bytes of its artifact, whatever the adapter does. */

import { z } from 'zod';
import type { JsonValue } from '../contracts/http/json.ts';
import { previewSchema } from '../contracts/preview.ts';
import { AolError, errorText } from '../domain/errors.ts';
import { canonicalJson, sha256Hex } from '../domain/hashing.ts';
import { MAX_ERROR_LENGTH } from '../domain/limits.ts';
import type { Redelivery } from '../domain/outcomes.ts';
import { startTurnLimit } from '../domain/turn-limit.ts';
import { RenderError } from './errors.ts';
import { holdsPlaceholder, resultsIn } from './placeholder.ts';
import { plainJson } from './plain-json.ts';
import type { Effect, EffectRequest, HttpBody, ReceiptOf, RenderContext } from './port.ts';
import type { RegisteredAdapter } from './registry.ts';

export const MAX_EFFECT_BYTES = 1024 * 1024;

export interface RenderedArtifact {
  /** The canonical JSON of the effect in UTF-8: what is stored, and what the SHA-256 is of. */
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly effect: Effect;
}

/** What is parsed was copied by plainJson, so it is JSON already. */
const jsonValueSchema = z.custom<JsonValue>((value) => value !== undefined);
const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/u);
const methodSchema = z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
const headersSchema = z.record(z.string().regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/u), z.string().regex(/^[^\r\n]*$/u));
const lineSchema = z.string().regex(/^[^\r\n]*$/u);

const bodySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('json'), value: jsonValueSchema }),
  z.strictObject({
    kind: z.literal('form'),
    fields: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  }),
  z.strictObject({ kind: z.literal('text'), text: z.string() }),
  z.strictObject({ kind: z.literal('blob'), sha256: sha256Schema }),
  z.strictObject({
    kind: z.literal('multipart'),
    boundary: z.string().regex(/^[A-Za-z0-9-]{8,70}$/u),
    parts: z.array(
      z.union([
        z.strictObject({ name: z.string(), value: z.string() }),
        z.strictObject({ name: z.string(), fileName: z.string(), mediaType: lineSchema, blob: sha256Schema }),
      ]),
    ),
  }),
]);

const httpRequestSchema = z.strictObject({
  protocol: z.literal('http'),
  method: methodSchema,
  url: z.string().min(1),
  headers: headersSchema,
  body: bodySchema,
});

const smtpMessageSchema = z.strictObject({
  protocol: z.literal('smtp'),
  envelope: z.strictObject({ from: lineSchema, to: z.array(lineSchema).min(1) }),
  message: sha256Schema,
  headers: headersSchema.optional(),
});

const redeliverySchema: z.ZodType<Redelivery> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dedupes'), windowMs: z.int().nonnegative(), settleMs: z.int().nonnegative() }),
  z.strictObject({ kind: z.literal('harmless'), maxRepeats: z.int().nonnegative() }),
  z.strictObject({ kind: z.literal('neither') }),
]);

const common = {
  type: z.string(),
  adapterVersion: z.int().positive(),
  summary: z.string().min(1).max(500),
  preview: previewSchema.optional(),
  addedAtSending: z.array(z.string()),
};

const effectSchema: z.ZodType<Effect> = z.strictObject({
  ...common,
  account: z
    .strictObject({ name: z.string(), provider: z.string(), identity: z.string(), server: z.string() })
    .nullable(),
  preparations: z.array(
    z.strictObject({
      name: z.string().regex(/^[a-z0-9-]{1,40}$/u),
      summary: z.string().min(1).max(500),
      request: z.discriminatedUnion('protocol', [
        httpRequestSchema,
        z.strictObject({ protocol: z.literal('receipt'), action: z.uuid() }),
      ]),
    }),
  ),
  redelivery: redeliverySchema.optional(),
  request: z.discriminatedUnion('protocol', [httpRequestSchema, smtpMessageSchema]),
  blobs: z.array(
    z.strictObject({
      sha256: sha256Schema,
      mediaType: lineSchema,
      byteCount: z.int().nonnegative(),
      alt: z.string().optional(),
    }),
  ),
});

/** How effects were stored before they named an account: what was approved then is performed as it stands. */
const firstFormatSchema: z.ZodType<Effect> = z
  .strictObject({
    ...common,
    request: z.strictObject({
      protocol: z.literal('http'),
      method: methodSchema,
      url: z.string().min(1),
      headers: headersSchema,
      body: jsonValueSchema,
    }),
  })
  .transform(({ request, ...rest }): Effect => {
    const { method, body: value } = request;
    const isEmpty = value === null && (method === 'GET' || method === 'DELETE');
    const body: HttpBody = isEmpty ? { kind: 'none' } : { kind: 'json', value };
    return { ...rest, account: null, preparations: [], request: { ...request, body }, blobs: [] };
  });

/**
 * Renders, checks and hashes. Throws an AolError and nothing else: InvalidRequestError when the payload no longer fits
 * its schema, RenderError when the adapter threw, or returned anything but a plain effect of at most 1 MiB.
 */
export async function renderArtifact(
  adapter: RegisteredAdapter,
  payload: unknown,
  context: RenderContext,
): Promise<RenderedArtifact> {
  try {
    const effect = effectOf(adapter, context, await inTime(adapter.render(payload, context)));
    const bytes = new TextEncoder().encode(canonicalJson(effect));
    if (bytes.length > MAX_EFFECT_BYTES)
      throw new RenderError(`the effect is larger than 1 MiB: ${bytes.length} bytes`);
    return { bytes, sha256: sha256Hex(bytes), effect };
  } catch (thrown) {
    throw namedError(thrown);
  }
}

/**
 * The effect in the bytes of a stored artifact, of whatever version of its adapter.
 *
 * @throws RenderError when they hold none of this adapter's type
 */
export function readArtifact(adapter: RegisteredAdapter, bytes: Uint8Array): RenderedArtifact {
  try {
    const stored: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const isFirstFormat = typeof stored === 'object' && stored !== null && !Object.hasOwn(stored, 'preparations');
    const effect = (isFirstFormat ? firstFormatSchema : effectSchema).parse(stored);
    if (effect.type !== adapter.type)
      throw new RenderError(`the stored effect is of ${effect.type}, not ${adapter.type}`);
    return { bytes, sha256: sha256Hex(bytes), effect };
  } catch (thrown) {
    throw namedError(thrown);
  }
}

function effectOf(adapter: RegisteredAdapter, { account }: RenderContext, returned: unknown): Effect {
  const parsed = effectSchema.safeParse(plainJson(returned, MAX_EFFECT_BYTES));
  if (!parsed.success) throw new RenderError(`render must return an effect: ${issueText(parsed.error)}`);
  const effect = parsed.data;
  if (effect.type !== adapter.type || effect.adapterVersion !== adapter.version) {
    throw new RenderError(`the effect must be of ${adapter.type} version ${adapter.version}`);
  }
  const isTheirs = (['name', 'provider', 'identity', 'server'] as const).every(
    (field) => effect.account?.[field] === account?.[field],
  );
  if (!isTheirs) throw new RenderError('account: must be the one that was given');
  const missing = effect.addedAtSending.find((path) => !holdsPlaceholder(effect.request, path));
  if (missing !== undefined) throw new RenderError(`addedAtSending: ${missing} holds no placeholder`);
  checkReferences(effect);
  return effect;
}

/** Only what waits for a file takes any time. */
const RENDER_LIMIT_MS = 5_000;

async function inTime<Result>(rendering: Result | Promise<Result>): Promise<Result> {
  if (!(rendering instanceof Promise)) return rendering;
  const limit = startTurnLimit(
    RENDER_LIMIT_MS,
    () => new RenderError(`rendering took longer than ${RENDER_LIMIT_MS} ms`),
  );
  try {
    return await Promise.race([rendering, limit.reached]);
  } finally {
    limit.close();
  }
}

/** What an effect refers to is in it: a result to an earlier preparation, a file to its blobs. */
function checkReferences({ preparations, request, blobs }: Effect): void {
  const done = new Set<string>();
  const known = new Set(blobs.map(({ sha256 }) => sha256));
  for (const { name, request: each } of [...preparations, { name: '', request }]) {
    const wanted = resultsIn(each).find((step) => !done.has(step));
    if (wanted !== undefined) throw new RenderError(`${wanted}: is no preparation that comes before`);
    const file = blobsIn(each).find((sha256) => !known.has(sha256));
    if (file !== undefined) throw new RenderError(`blobs: must name ${file}`);
    if (done.has(name)) throw new RenderError(`preparations: two are called ${name}`);
    done.add(name);
  }
}

function blobsIn(request: EffectRequest | ReceiptOf): readonly string[] {
  if (request.protocol === 'receipt') return [];
  if (request.protocol === 'smtp') return [request.message];
  if (request.body.kind === 'blob') return [request.body.sha256];
  if (request.body.kind !== 'multipart') return [];
  return request.body.parts.flatMap((part) => ('blob' in part ? [part.blob] : []));
}

function issueText(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join('.') || 'effect'}: ${issue.message}` : 'unknown';
}

function namedError(thrown: unknown): AolError {
  try {
    if (thrown instanceof AolError && thrown.message.length <= MAX_ERROR_LENGTH) return thrown;
    const text: unknown = errorText(thrown, MAX_ERROR_LENGTH);
    if (typeof text === 'string') return new RenderError(storable(text) || 'the adapter threw an error without a text');
  } catch {
    // The thrown value fights being read. What follows does not read it.
  }
  return new RenderError('the adapter threw a value that has no text');
}

function storable(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').toWellFormed().slice(0, MAX_ERROR_LENGTH).toWellFormed();
}
