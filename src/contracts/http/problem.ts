/** Errors over HTTP: problems of RFC 9457, with a stable code. */

import { z } from 'zod';

export const fieldProblemSchema = z.object({ field: z.string(), rule: z.string() });

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  /** Stable, for programs: `AOL_KEY_CONFLICT`. `docs/errors.md` lists them all. */
  code: z.string(),
  /** Which field breaks which rule. */
  errors: z.array(fieldProblemSchema).optional(),
  /** The request's id, as in the server's log. */
  instance: z.string().optional(),
  /** The action's present status, when the state forbids the call. */
  currentStatus: z.string().optional(),
  /** The flag's present version, when it is another one than the call named. */
  currentVersion: z.int().optional(),
  /** The action that the key belongs to. */
  actionId: z.string().optional(),
});
export type Problem = z.output<typeof problemSchema>;

/** Turns what zod found into field and rule. */
export function fieldProblems(error: z.ZodError, prefix = ''): z.output<typeof fieldProblemSchema>[] {
  return error.issues.flatMap((issue) => {
    const path = [prefix, ...issue.path.map(String)].filter((part) => part !== '').join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ field: path === '' ? key : `${path}.${key}`, rule: 'is not a known field' }));
    }
    const [ownRule] = issue.code === 'invalid_union' ? (issue.errors.at(-1) ?? []) : [];
    return [{ field: path, rule: ownRule?.message ?? issue.message }];
  });
}
