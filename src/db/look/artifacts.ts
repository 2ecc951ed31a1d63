/** What the rows say of their artifacts. */

import { type Queryable, query } from '../pool.ts';

export interface ArtifactRow {
  id: string;
  uri: string;
  sha256: string;
}

/** Rows that have an artifact, in the order of their ids, after one of them. */
export function artifactRows(db: Queryable, afterId: string | null, limit: number): Promise<ArtifactRow[]> {
  return query<ArtifactRow>(
    db,
    `SELECT id, artifact_uri AS uri, artifact_sha256 AS sha256 FROM aol_actions
     WHERE artifact_sha256 IS NOT NULL AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2`,
    [afterId, limit],
  );
}

/** How many there are, for whoever shows how far they have come. */
export async function countArtifacts(db: Queryable): Promise<number> {
  const [row] = await query<{ count: number }>(
    db,
    'SELECT count(*) AS count FROM aol_actions WHERE artifact_sha256 IS NOT NULL',
  );
  return row?.count ?? 0;
}
