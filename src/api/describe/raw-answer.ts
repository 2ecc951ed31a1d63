/** Answers that are bytes, and not checked against a schema. */

import { z } from 'zod';

/** How such an answer is described, by its media type. */
export function rawAnswer(description: string, mediaType: string, type: 'string' | 'object' = 'string') {
  return { description, content: { [mediaType]: { schema: z.unknown().meta({ type }) } } };
}

/** An answer that is a file of one of several media types. */
export function fileAnswer(description: string, mediaTypes: Iterable<string>) {
  const file = { schema: z.unknown().meta({ type: 'string', format: 'binary' }) };
  return { description, content: Object.fromEntries([...mediaTypes].map((mediaType) => [mediaType, file])) };
}

/** An answer that is JSON of a schema, or a text of another media type where that was asked for. */
export function jsonOr<Schema extends z.ZodType>(schema: Schema, description: string, mediaType: string) {
  const text = { schema: z.unknown().meta({ type: 'string' }) };
  return { description, content: { 'application/json': { schema }, [mediaType]: text } };
}
