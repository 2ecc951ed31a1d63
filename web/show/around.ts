/** What goes with an effect beside its preview: who speaks, from where, and its files. Read without trusting it. */

import { z } from 'zod';
import { sha256Schema } from '../../src/contracts/http/primitives.ts';

const accountSchema = z.object({ name: z.string(), provider: z.string(), identity: z.string(), server: z.string() });
const fileSchema = z.object({
  sha256: sha256Schema,
  mediaType: z.string(),
  byteCount: z.number(),
  alt: z.string().optional(),
});

export type Speaker = z.output<typeof accountSchema>;

export interface ShownFile {
  readonly sha256: string;
  /** Absent where only the payload is known, before anything is rendered. */
  readonly mediaType?: string | undefined;
  readonly byteCount?: number | undefined;
  readonly alt?: string | undefined;
}

export interface Around {
  /** Undefined where nobody’s account speaks. */
  readonly speaker?: Speaker | undefined;
  readonly files: readonly ShownFile[];
  /** The SHA-256 of a mail’s message, exactly as it is handed over. */
  readonly message?: string | undefined;
}

export const NOTHING_AROUND: Around = { files: [] };

const effectSchema = z.object({
  account: accountSchema.nullish().catch(null),
  blobs: z.array(fileSchema).catch([]),
  request: z.object({ message: sha256Schema.optional().catch(undefined) }).catch({}),
});

export function aroundEffect(effect: unknown): Around {
  const parsed = effectSchema.safeParse(effect);
  if (!parsed.success) return NOTHING_AROUND;
  const { account, blobs, request } = parsed.data;
  return { speaker: account ?? undefined, files: blobs, message: request.message };
}

/** Where this server keeps a file. */
export function fileAddress(sha256: string): string {
  return `/v1/blobs/${sha256}`;
}

/** `83 kB`, `1.2 MB`: as providers state their bounds. */
export function fileSize(byteCount: number): string {
  if (byteCount < 1_000) return `${byteCount} bytes`;
  if (byteCount < 1_000_000) return `${Math.round(byteCount / 1_000)} kB`;
  return `${(byteCount / 1_000_000).toFixed(1)} MB`;
}
