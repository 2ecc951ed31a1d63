/** Fields that several payloads have: whose account, which files. */

import { z } from 'zod';
import { storableText } from '../http/json.ts';

/** The name of an account, as `aol.accounts.yaml` gives it. Left out: the only one of its provider. */
export const accountNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/u, { message: 'must be the name of an account: lower case, digits, . _ -' });

/** A file that was stored before by `PUT /v1/blobs`, and what it shows, for those who cannot see it. */
export const mediaSchema = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/u, { message: 'must be a SHA-256: 64 lower-case hexadecimal digits' }),
  alt: storableText(1, 2_000).optional(),
});
export type Media = z.output<typeof mediaSchema>;
