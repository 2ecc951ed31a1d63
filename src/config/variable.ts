import type { z } from 'zod';

/** A process that reads a variable. `aol up` and `aol run` start all of them, and read what they read. */
export type Reader = 'API' | 'worker' | 'command line';

/** One variable of the environment: how it is read, the rule in words, and what the reference says about it. */
export interface Variable<T extends z.ZodType = z.ZodType> {
  readonly schema: T;
  /** Ends the sentence "NAME must be …". */
  readonly rule: string;
  /** The default as a person reads it. */
  readonly defaultText: string;
  readonly meaning: string;
  /** Never shown, not even when it is wrong. */
  readonly secret?: true;
  /** Where it differs from the other variables of its area. */
  readonly readBy?: readonly Reader[];
}

/** Variables that belong together, as the reference lists them. */
export interface Area {
  readonly title: string;
  readonly readBy: readonly Reader[];
  readonly variables: Readonly<Record<string, Variable>>;
}
