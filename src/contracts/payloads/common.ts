/** Fields that several payloads have: whose account, which files. */

import { z } from 'zod';
import { storableText } from '../http/json.ts';
import { sha256Schema } from '../http/primitives.ts';

/** The name of an account, as `aol.accounts.yaml` gives it. Left out: the only one of its provider. */
export const accountNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/u, { message: 'must be the name of an account: lower case, digits, . _ -' })
  .meta({ title: 'Account', description: 'Whose account it goes out from. Left out: the only one there is.' });

/** A file that was stored before by `PUT /v1/blobs`, and what it shows, for those who cannot see it. */
export const mediaSchema = z.strictObject({
  sha256: sha256Schema,
  alt: storableText(1, 2_000).optional(),
});
export type Media = z.output<typeof mediaSchema>;
