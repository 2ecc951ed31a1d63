/** An artifact as the API answers it, checked again here. */

import { z } from 'zod';
import { AolApiError, type AolClient } from '../client/client.ts';
import { ArtifactError } from '../domain/errors.ts';
import { sha256Hex } from '../domain/hashing.ts';
import { oneLine } from './terminal/text.ts';

export interface ReadArtifact {
  /** Exactly the hashed bytes. */
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** The same as JSON. */
  readonly content: unknown;
}

/** @throws ArtifactError when the bytes do not have the SHA-256 that came with them */
export async function readArtifact(client: AolClient, actionId: string): Promise<ReadArtifact> {
  const { bytes, sha256 } = await client.getArtifact(actionId);
  if (sha256Hex(bytes) !== sha256) throw new ArtifactError(`what came does not have the SHA-256 ${sha256}`);
  return { bytes, sha256, content: JSON.parse(new TextDecoder().decode(bytes)) };
}

const effectSchema = z.object({ summary: z.string() });

/** The adapter's one line about what is sent, or undefined when the server has no artifact to show. */
export async function artifactSummary(client: AolClient, actionId: string): Promise<string | undefined> {
  try {
    const effect = effectSchema.safeParse((await readArtifact(client, actionId)).content);
    return effect.success ? oneLine(effect.data.summary, 200) : undefined;
  } catch (error) {
    if (error instanceof AolApiError) return undefined;
    throw error;
  }
}
