/** Answers that are bytes, and not checked against a schema. */

import { z } from 'zod';

/** How such an answer is described, by its media type. */
export function rawAnswer(description: string, mediaType: string, type: 'string' | 'object' = 'string') {
  return { description, content: { [mediaType]: { schema: z.unknown().meta({ type }) } } };
}
