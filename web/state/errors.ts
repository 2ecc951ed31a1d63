/** Errors in words for people. */

import { AolApiError, AolUnreachableError } from '../../src/client/client.ts';

/** What went wrong, and where a field is to blame, which. */
export function errorText(error: unknown): string {
  if (error instanceof AolApiError) {
    const fields = (error.problem.errors ?? []).map(({ field, rule }) => `${field} ${rule}`);
    return fields.length > 0 ? `${error.message} (${fields.join('; ')})` : error.message;
  }
  if (error instanceof AolUnreachableError) return 'The server does not answer. Whether the call arrived is not known.';
  return error instanceof Error ? error.message : String(error);
}

export function isStatus(error: unknown, status: number): boolean {
  return error instanceof AolApiError && error.status === status;
}
