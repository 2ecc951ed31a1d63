/** `GET /v1/adapters`: what may be queued, and what each type does. */

import { z } from 'zod';
import { REDELIVERIES } from '../payloads/contract.ts';
import { openWordSchema, pageOf } from './primitives.ts';

export const adapterSchema = z.object({
  type: z.string(),
  title: z.string(),
  /** JSON Schema (2020-12) of the payload. Rules over several fields are not in it. */
  payloadSchema: z.record(z.string(), z.unknown()),
  /** A payload that passes. */
  example: z.record(z.string(), z.unknown()),
  /** What becomes of an effect that may have happened when it is tried again. */
  redelivery: openWordSchema(REDELIVERIES),
  /** False: it renders proofs, and REAL is refused. */
  performs: z.boolean(),
  /** Whether the server's environment has what REAL needs, and which variables it lacks. */
  real: z.object({ configured: z.boolean(), missing: z.array(z.string()) }),
  /** Of what speaks for accounts: by provider, the accounts that workers have, and the variables that are missing where they have none. */
  providers: z.array(
    z.object({
      provider: z.string(),
      accounts: z.array(z.string()),
      configured: z.boolean(),
      missing: z.array(z.string()),
    }),
  ),
  /** Bounds of the content, in words. */
  limits: z.record(z.string(), z.string()),
});
export type AdapterDescription = z.output<typeof adapterSchema>;
export const adapterListSchema = pageOf(adapterSchema);
export type AdapterList = z.output<typeof adapterListSchema>;
