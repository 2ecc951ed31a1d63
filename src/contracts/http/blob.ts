/** A stored file, as the API tells it. */

import { z } from 'zod';
import { sha256Schema } from './primitives.ts';

export const blobSchema = z.strictObject({
  /** Of the bytes as they are kept: a picture's without its metadata. */
  sha256: sha256Schema,
  mediaType: z.string(),
  byteCount: z.int(),
  /** In pixels; null for what is no picture. */
  width: z.int().nullable(),
  height: z.int().nullable(),
});
export type Blob = z.output<typeof blobSchema>;
