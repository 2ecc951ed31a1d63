/** What is known of stored files, and which actions need them. */

import { InvalidRequestError } from '../../domain/errors.ts';
import { type Queryable, query } from '../pool.ts';

export interface BlobRow {
  readonly sha256: string;
  readonly mediaType: string;
  readonly byteCount: number;
  readonly width: number | null;
  readonly height: number | null;
}

const COLUMNS = 'sha256, media_type AS "mediaType", byte_count AS "byteCount", width, height';

/** Remembers a file. One that is known stays as it is, and counts as stored now: what needs it comes later. Answers whether it is new. */
export async function addBlob(db: Queryable, blob: BlobRow & { readonly createdBy: string }): Promise<boolean> {
  const [row] = await query<{ isNew: boolean }>(
    db,
    `INSERT INTO aol_blobs (sha256, media_type, byte_count, width, height, created_by) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (sha256) DO UPDATE SET created_at = clock_timestamp() RETURNING xmax = 0 AS "isNew"`,
    [blob.sha256, blob.mediaType, blob.byteCount, blob.width, blob.height, blob.createdBy],
  );
  return row?.isNew === true;
}

/** What is known of files, those that are there. */
export async function findBlobs(db: Queryable, sha256s: readonly string[]): Promise<ReadonlyMap<string, BlobRow>> {
  if (sha256s.length === 0) return new Map();
  const rows = await query<BlobRow & Record<string, unknown>>(
    db,
    `SELECT ${COLUMNS} FROM aol_blobs WHERE sha256 = ANY ($1)`,
    [sha256s],
  );
  return new Map(rows.map((row) => [row.sha256, row]));
}

/** @throws InvalidRequestError when there is no such file */
export async function findBlob(db: Queryable, sha256: string): Promise<BlobRow> {
  const blob = (await findBlobs(db, [sha256])).get(sha256);
  if (!blob) throw new InvalidRequestError(`there is no file ${sha256}`);
  return blob;
}

/** Files that an action needs are kept as long as it is. */
export async function useBlobs(db: Queryable, actionId: string, sha256s: readonly string[]): Promise<void> {
  if (sha256s.length === 0) return;
  await query(
    db,
    `INSERT INTO aol_blob_uses (action_id, sha256) SELECT $1, b.sha256 FROM aol_blobs b WHERE b.sha256 = ANY ($2)
     ON CONFLICT DO NOTHING`,
    [actionId, sha256s],
  );
}

/** Takes files that no action needs and that were stored longer ago out of the table, and answers which. */
export async function forgetBlobs(db: Queryable, before: Date, atMost: number): Promise<string[]> {
  const rows = await query<{ sha256: string }>(
    db,
    `DELETE FROM aol_blobs WHERE sha256 IN (
       SELECT sha256 FROM aol_blobs b WHERE created_at < $1
         AND NOT EXISTS (SELECT FROM aol_blob_uses u WHERE u.sha256 = b.sha256)
       LIMIT $2 FOR UPDATE SKIP LOCKED)
     RETURNING sha256`,
    [before, atMost],
  );
  return rows.map(({ sha256 }) => sha256);
}
