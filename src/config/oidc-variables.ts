import { z } from 'zod';
import { isPrivateWay } from '../domain/addresses.ts';
import { PERSON_ROLES, parseGroupRoles } from '../domain/people.ts';
import type { Variable } from './variable.ts';

const text = z.string().optional();

export const oidc = {
  AOL_OIDC_ISSUER: {
    // As the issuer writes it, with or without a slash at the end.
    schema: z
      .string()
      .refine((value) => URL.canParse(value) && !/[@?#]/.test(value) && isPrivateWay(value))
      .optional(),
    rule: 'an address like https://id.example; http:// only to this machine (127.0.0.1, [::1], localhost)',
    defaultText: 'unset',
    meaning:
      'Where people sign in to the dashboard. Unset: they sign in with a token. All four of these variables, or none.',
  },
  AOL_OIDC_CLIENT_ID: {
    schema: text,
    rule: 'a client id',
    defaultText: 'unset',
    meaning: 'The client id that the issuer gave this AOL.',
  },
  AOL_OIDC_CLIENT_SECRET: {
    schema: text,
    rule: 'a client secret',
    defaultText: 'unset',
    meaning: 'The client secret that the issuer gave this AOL.',
    secret: true,
  },
  AOL_OIDC_ROLES: {
    schema: z
      .string()
      .transform((value) => parseGroupRoles(value))
      .pipe(z.array(z.object({ group: z.string(), role: z.enum(PERSON_ROLES) })))
      .optional(),
    rule: `group=role, more of them separated by commas, each group once; roles are ${PERSON_ROLES.join(', ')}`,
    defaultText: 'unset',
    meaning: 'Which role a group of the issuer has: approvers=approver,ops=operator. Nobody else gets in.',
  },
} as const satisfies Record<string, Variable>;
