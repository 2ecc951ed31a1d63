/** Checking by a schema, many times. */

import { z } from 'zod';

export type Check<Output> = (value: unknown) => z.ZodSafeParseResult<Output>;

/**
 * Checks as the schema's `safeParse` does, by a compiled form of it, which makes each check several times quicker. It is compiled
 * when it is first needed, because that takes milliseconds; and not where no code may be made of text, as in the dashboard.
 */
export function checkBy<Schema extends z.ZodType>(schema: Schema): Check<z.output<Schema>> {
  let compiled: Schema | undefined;
  return (value) => {
    compiled ??= z.config().jitless ? schema : z.compile(schema);
    return compiled.safeParse(value);
  };
}
