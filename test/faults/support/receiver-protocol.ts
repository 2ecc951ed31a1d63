/** What the receiver's process and the harness say to each other, and what the receiver's file holds, a line each. */

import { z } from 'zod';

/** One request, as it arrived, before anything was answered. */
export const arrivalSchema = z.object({
  type: z.literal('arrived'),
  /** Milliseconds since 1970. */
  at: z.number(),
  key: z.string(),
  path: z.string(),
  bodyHash: z.string(),
  /** The how manieth request with this key. */
  raw: z.int(),
  /** Whether the receiver acted on it; a key that it acted on before is not acted on again under `/once/`. */
  isEffect: z.boolean(),
});
export type Arrival = z.output<typeof arrivalSchema>;

export const closedSchema = z.object({
  type: z.literal('closed'),
  /** Milliseconds since 1970. */
  at: z.number(),
  key: z.string(),
  raw: z.int(),
  /** Whether the answer went out whole. */
  answered: z.boolean(),
});
export type Closed = z.output<typeof closedSchema>;

export const listeningSchema = z.object({ type: z.literal('listening'), port: z.int() });

export const reportSchema = z.discriminatedUnion('type', [arrivalSchema, closedSchema, listeningSchema]);

/** Answers every request that is held. */
export const releaseSchema = z.object({ type: z.literal('release') });
