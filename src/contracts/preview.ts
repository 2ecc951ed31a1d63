/** How an effect looks to the one who receives it, as its adapter says: the page that shows it guesses nothing. */

import { z } from 'zod';
import { isObject, type JsonObject } from './http/json.ts';

const text = z.string();
const addresses = z.array(text);

export const previewSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('post'),
    platform: text,
    text,
    replyTo: text.optional(),
    audience: text.optional(),
    /** Stands before the post, which is folded away behind it. */
    warning: text.optional(),
    card: z.strictObject({ url: text, title: text, description: text.optional() }).optional(),
  }),
  z.strictObject({
    kind: z.literal('mail'),
    from: text.optional(),
    to: addresses,
    cc: addresses.optional(),
    bcc: addresses.optional(),
    replyTo: text.optional(),
    subject: text,
    text: text.optional(),
    html: text.optional(),
    /** Each is one of the effect's files. */
    attachments: z.array(z.strictObject({ sha256: text, fileName: text })).optional(),
  }),
  z.strictObject({ kind: z.literal('chat'), service: text, channel: text.optional(), text }),
  /** A text message to telephones. */
  z.strictObject({ kind: z.literal('text'), to: addresses, text }),
  /** What a model of language is asked. */
  z.strictObject({
    kind: z.literal('prompt'),
    service: text,
    model: text,
    system: text.optional(),
    prompt: text,
    maxTokens: z.int(),
  }),
  /** The request itself says best what it is. */
  z.strictObject({ kind: z.literal('request') }),
  /** A call of another server's tool. */
  z.strictObject({
    kind: z.literal('tool'),
    server: text,
    tool: text,
    arguments: z.custom<JsonObject>(isObject, { message: 'must be an object' }),
  }),
]);
export type Preview = z.output<typeof previewSchema>;
