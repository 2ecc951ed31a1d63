/** A stored file, as the API tells it. */

import { z } from 'zod';

export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, { message: 'must be a SHA-256: 64 lower-case hexadecimal digits' });

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
