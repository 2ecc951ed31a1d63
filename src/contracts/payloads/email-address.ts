/** Addresses of mail: one in each text, and nothing that a mail library could read as two. */

import { z } from 'zod';

const MAX_ADDRESS_LENGTH = 254;
const MAX_LOCAL_PART_LENGTH = 64;

/** RFC 5321 without quoted local parts, comments and address literals. */
const ADDRESS =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+(?=[A-Za-z0-9-]*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/u;

/** Why a text is not exactly one address, or undefined when it is. */
export function emailAddressProblem(text: string): string | undefined {
  if (text.length > MAX_ADDRESS_LENGTH || text.lastIndexOf('@') > MAX_LOCAL_PART_LENGTH) {
    return `must have at most ${MAX_ADDRESS_LENGTH} characters, ${MAX_LOCAL_PART_LENGTH} of them before the @`;
  }
  if (/[^ -~]/u.test(text)) return 'must be plain ASCII: write a domain with other letters as xn--…';
  return ADDRESS.test(text) ? undefined : 'must be one address and nothing else: name@example.com';
}

export const emailAddressSchema = z
  .string()
  .superRefine((text, context) => {
    const rule = emailAddressProblem(text);
    if (rule) context.addIssue({ code: 'custom', message: rule });
  })
  .meta({ format: 'email' });
