/** What the process and its thread that renders say to each other. */

import { z } from 'zod';
import { isObject, type JsonObject } from '../contracts/http/json.ts';

const jsonObject = z.custom<JsonObject>(isObject, { message: 'must be an object' });

/** What the thread says first: its adapters are loaded. */
export const READY = 'ready';

export const renderSettingsSchema = z.object({
  adapterFiles: z.array(z.string()),
  /** Where artifacts lie, and files beside them: `file:/absolute/path`. */
  artifacts: z.string(),
});
export type RenderSettings = z.output<typeof renderSettingsSchema>;

export const renderRequestSchema = z.object({
  type: z.string(),
  payload: jsonObject,
  actionId: z.string(),
  /** Those of the payload's provider. */
  accounts: z.array(
    z.object({
      name: z.string(),
      provider: z.string(),
      identity: z.string(),
      server: z.string(),
      settings: z.unknown(),
      facts: jsonObject,
    }),
  ),
  /** Those that the payload names. */
  files: z.array(
    z.object({
      sha256: z.string(),
      mediaType: z.string(),
      byteCount: z.int(),
      width: z.int().nullable(),
      height: z.int().nullable(),
    }),
  ),
});
export type RenderRequest = z.output<typeof renderRequestSchema>;

export const renderReplySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('rendered'),
    /** The artifact's, as it would be stored. */
    bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array, { message: 'must be bytes' }),
    sha256: z.string(),
    /** Whether another id gives another artifact. */
    holdsActionId: z.boolean(),
    /** Whether its account is configured; true where it needs none. */
    hasAccount: z.boolean(),
  }),
  z.object({
    kind: z.literal('failed'),
    reason: z.string(),
    problems: z.array(z.object({ field: z.string(), rule: z.string() })),
  }),
]);
export type RenderReply = z.output<typeof renderReplySchema>;
