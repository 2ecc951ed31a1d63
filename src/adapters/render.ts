/** From a payload to the bytes of its artifact, whatever the adapter does. */

import { z } from 'zod';
import { previewSchema } from '../contracts/preview.ts';
import { AolError, errorText } from '../domain/errors.ts';
import { canonicalJson, sha256Hex } from '../domain/hashing.ts';
import { MAX_ERROR_LENGTH } from '../domain/limits.ts';
import { RenderError } from './errors.ts';
import { holdsPlaceholder } from './placeholder.ts';
import { plainJson } from './plain-json.ts';
import type { Effect, RenderContext } from './port.ts';
import type { RegisteredAdapter } from './registry.ts';

export const MAX_EFFECT_BYTES = 1024 * 1024;

export interface RenderedArtifact {
  /** The canonical JSON of the effect in UTF-8: what is stored, and what the SHA-256 is of. */
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly effect: Effect;
}

/** What is parsed was copied by plainJson, so it is JSON already. */
const jsonValueSchema = z.custom<Effect['request']['body']>((value) => value !== undefined);

const effectSchema: z.ZodType<Effect> = z.strictObject({
  type: z.string(),
  adapterVersion: z.int().positive(),
  summary: z.string().min(1).max(500),
  preview: previewSchema.optional(),
  request: z.strictObject({
    protocol: z.literal('http'),
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
    url: z.string().min(1),
    headers: z.record(z.string().regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/u), z.string().regex(/^[^\r\n]*$/u)),
    body: jsonValueSchema,
  }),
  addedAtSending: z.array(z.string()),
});

/**
 * Renders, checks and hashes. Throws an AolError and nothing else: InvalidRequestError when the payload no longer fits
 * its schema, RenderError when the adapter threw, or returned anything but a plain effect of at most 1 MiB.
 */
export function renderArtifact(adapter: RegisteredAdapter, payload: unknown, context: RenderContext): RenderedArtifact {
  try {
    const effect = effectOf(adapter, adapter.render(payload, context));
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
    const effect = effectSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    if (effect.type !== adapter.type)
      throw new RenderError(`the stored effect is of ${effect.type}, not ${adapter.type}`);
    return { bytes, sha256: sha256Hex(bytes), effect };
  } catch (thrown) {
    throw namedError(thrown);
  }
}

function effectOf(adapter: RegisteredAdapter, returned: unknown): Effect {
  if (returned instanceof Promise) {
    returned.catch(() => undefined);
    throw new RenderError('render must return an effect, and returned a promise');
  }
  const parsed = effectSchema.safeParse(plainJson(returned, MAX_EFFECT_BYTES));
  if (!parsed.success) throw new RenderError(`render must return an effect: ${issueText(parsed.error)}`);
  const effect = parsed.data;
  if (effect.type !== adapter.type || effect.adapterVersion !== adapter.version) {
    throw new RenderError(`the effect must be of ${adapter.type} version ${adapter.version}`);
  }
  const missing = effect.addedAtSending.find((path) => !holdsPlaceholder(effect.request, path));
  if (missing !== undefined) throw new RenderError(`addedAtSending: ${missing} holds no placeholder`);
  return effect;
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
