/** JSON as it may be stored: no NUL, no lone surrogate, no depth beyond the limit, no number that was rounded. */

import { z } from 'zod';
import { MAX_JSON_DEPTH, MAX_PAYLOAD_BYTES } from '../../domain/limits.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** Why a text cannot be stored in PostgreSQL unchanged (22P05, 22P02), or undefined when it can. */
export function textProblem(text: string): string | undefined {
  if (text.includes('\u0000')) return 'must not contain NUL characters';
  if (!text.isWellFormed()) return 'must not contain lone surrogates';
  return undefined;
}

interface JsonProblem {
  readonly path: readonly (string | number)[];
  readonly rule: string;
}

/** The first thing in a value that cannot be stored or sent unchanged. */
export function jsonProblem(value: unknown, path: readonly (string | number)[] = []): JsonProblem | undefined {
  return firstProblem(value, [...path]);
}

/** @param path where the value stands; it grows and shrinks on the way, and is copied for a problem alone */
function firstProblem(value: unknown, path: (string | number)[]): JsonProblem | undefined {
  if (path.length > MAX_JSON_DEPTH)
    return { path: path.slice(0, 4), rule: `must not be nested deeper than ${MAX_JSON_DEPTH} levels` };
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'string') return at(path, textProblem(value));
  if (typeof value === 'number') return at(path, numberProblem(value));
  if (Array.isArray(value)) return problemOfParts(value.entries(), path);
  if (typeof value === 'object') {
    const entries = Object.entries(value);
    const badKey = entries.find(([key]) => textProblem(key) !== undefined);
    if (badKey) return at(path, `names ${textProblem(badKey[0])}`);
    return problemOfParts(entries, path);
  }
  return at(path, 'must be JSON');
}

function problemOfParts(
  parts: Iterable<readonly [string | number, unknown]>,
  path: (string | number)[],
): JsonProblem | undefined {
  for (const [key, part] of parts) {
    path.push(key);
    const problem = firstProblem(part, path);
    if (problem) return problem;
    path.pop();
  }
  return undefined;
}

function at(path: readonly (string | number)[], rule: string | undefined): JsonProblem | undefined {
  return rule === undefined ? undefined : { path: [...path], rule };
}

function numberProblem(value: number): string | undefined {
  if (!Number.isFinite(value)) return 'must be a finite number';
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return 'must lie within ±(2^53 − 1)';
  return undefined;
}

/** Text of bounded length that can be stored unchanged. */
export function storableText(minimumLength: number, maximumLength: number) {
  return z
    .string()
    .min(minimumLength)
    .max(maximumLength)
    .superRefine((text, context) => {
      const rule = textProblem(text);
      if (rule) context.addIssue({ code: 'custom', message: rule });
    });
}

/** Whether a value is an object by names, whatever they hold. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const anyObject = z.custom<JsonObject>(isObject, { message: 'must be an object' });

function storable<Schema extends z.ZodType<JsonObject>>(schema: Schema) {
  return schema
    .superRefine((value, context) => {
      const problem = jsonProblem(value);
      if (problem) context.addIssue({ code: 'custom', message: problem.rule, path: [...problem.path] });
    })
    .meta({ type: 'object' });
}

/** A JSON object that can be stored unchanged. */
export const jsonObjectSchema = storable(anyObject);

const UTF8 = new TextEncoder();

/** The same of bounded size, which is looked at first: one that is too large is not walked. */
export const payloadSchema = storable(
  anyObject.refine((value) => UTF8.encode(JSON.stringify(value)).length <= MAX_PAYLOAD_BYTES, {
    message: `must be at most ${MAX_PAYLOAD_BYTES} bytes as JSON`,
    abort: true,
  }),
);
