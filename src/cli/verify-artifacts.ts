/** Recomputes every recorded SHA-256. */

import { artifactRows, countArtifacts } from '../db/look/artifacts.ts';
import type { Queryable } from '../db/pool.ts';
import { ArtifactError, errorText } from '../domain/errors.ts';
import { sha256Hex } from '../domain/hashing.ts';

export interface VerifyResult {
  readonly checked: number;
  readonly intact: number;
  readonly wrong: readonly { readonly id: string; readonly uri: string; readonly reason: string }[];
}

const PAGE_SIZE = 500;

/**
 * Compares rows with the store, a page at a time. An error that is not about one artifact ends it.
 *
 * @param at told how many are done, and of how many
 */
export async function verifyArtifacts(
  db: Queryable,
  store: { get(uri: string): Promise<Uint8Array> },
  at: (done: number, total: number) => void = () => undefined,
): Promise<VerifyResult> {
  const wrong: VerifyResult['wrong'][number][] = [];
  const total = await countArtifacts(db);
  let checked = 0;
  let page = await artifactRows(db, null, PAGE_SIZE);
  while (page.length > 0) {
    for (const { id, uri, sha256 } of page) {
      const reason = await problem(store, uri, sha256);
      if (reason !== undefined) wrong.push({ id, uri, reason });
      checked += 1;
      at(checked, total);
    }
    page = await artifactRows(db, page.at(-1)?.id ?? null, PAGE_SIZE);
  }
  return { checked, intact: checked - wrong.length, wrong };
}

async function problem(
  store: { get(uri: string): Promise<Uint8Array> },
  uri: string,
  sha256: string,
): Promise<string | undefined> {
  try {
    const actual = sha256Hex(await store.get(uri));
    return actual === sha256 ? undefined : `its bytes have the SHA-256 ${actual}, recorded is ${sha256}`;
  } catch (error) {
    if (error instanceof ArtifactError) return errorText(error);
    throw error;
  }
}
