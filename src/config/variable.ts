import type { z } from 'zod';

/** One variable of the environment: how it is read, the rule in words, and what `.env.example` says about it. */
export interface Variable<T extends z.ZodType = z.ZodType> {
  readonly schema: T;
  /** Ends the sentence "NAME must be …". */
  readonly rule: string;
  /** The default as a person reads it. */
  readonly defaultText: string;
  readonly meaning: string;
  /** Never shown, not even when it is wrong. */
  readonly secret?: true;
}
