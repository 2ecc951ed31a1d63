/** `/v1/people`: who has signed in by OpenID Connect. */

import { z } from 'zod';
import { PERSON_ROLES } from '../../domain/people.ts';
import { openWordSchema, pageOf, reasonSchema, timeSchema } from './primitives.ts';

export const personRequestSchema = z
  .strictObject({ reason: reasonSchema.optional() })
  .meta({ examples: [{ reason: 'left the company' }] });

export const personSchema = z.object({
  id: z.uuid(),
  /** As it stands in rows and logs. It stays, though the issuer calls the person otherwise. */
  name: z.string(),
  issuer: z.string(),
  /** Who it is there. */
  subject: z.string(),
  /** By today's `AOL_OIDC_ROLES`; null: none, or another issuer's person. */
  role: openWordSchema(PERSON_ROLES).nullable(),
  /** Those that `AOL_OIDC_ROLES` named, at the last sign-in. */
  groups: z.array(z.string()).readonly(),
  createdAt: timeSchema,
  lastSignedInAt: timeSchema,
  disabledAt: timeSchema.nullable(),
  disabledBy: z.string().nullable(),
});
export type Person = z.output<typeof personSchema>;
export const personListSchema = pageOf(personSchema);
export type PersonList = z.output<typeof personListSchema>;
