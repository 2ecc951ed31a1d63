/** How many bytes an action leaves behind: in PostgreSQL with its indexes, in its write-ahead log, and in the artifact store. */

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import type { SceneSettings } from '../servers.ts';
import { onStage, type Stage } from '../stage.ts';
import { drain } from './drain.ts';
import type { Figure, Trial } from './measure.ts';

/** What the system counts blocks of a file in. */
const BLOCK_BYTES = 512;

interface Case {
  readonly name: string;
  readonly settings: Partial<SceneSettings>;
}

const cases: readonly Case[] = [
  { name: '', settings: { perTick: 50 } },
  { name: ', REAL', settings: { real: true, width: 1_000 } },
];

export const diskTrials: readonly Trial[] = cases.map(({ name, settings }) => ({
  measure: 'disk',
  system: 'aol',
  label: `disk${name}`,
  run: (servers, { churnJobs }) =>
    onStage(servers, 'aol', settings, async (stage): Promise<Figure[]> => {
      const database = await stage.database();
      const before = await usedBytes(database, stage);
      await drain(stage, churnJobs, 0);
      const after = await usedBytes(database, stage);
      const figure = (what: string, from: number, to: number): Figure => ({
        system: 'aol',
        name: `${what} bytes an action${name}`,
        value: (to - from) / churnJobs,
      });
      return [
        figure('tables and indexes,', before.tables, after.tables),
        figure('write-ahead log,', before.writeAheadLog, after.writeAheadLog),
        figure('artifacts,', before.artifacts, after.artifacts),
      ];
    }),
}));

interface Used {
  readonly tables: number;
  readonly writeAheadLog: number;
  readonly artifacts: number;
}

async function usedBytes(database: pg.Client, { scene }: Stage): Promise<Used> {
  const { rows } = await database.query<{ tables: string; written: string }>(
    `SELECT sum(pg_total_relation_size(oid)) AS tables, pg_current_wal_lsn() - '0/0' AS written
     FROM pg_class WHERE relkind = 'r' AND relname LIKE 'aol\\_%'`,
  );
  return {
    tables: Number(rows[0]?.tables),
    writeAheadLog: Number(rows[0]?.written),
    artifacts: await folderBytes(scene.artifacts),
  };
}

/** What its files take on the disk, whole blocks. */
async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? folderBytes(path) : (await lstat(path)).blocks * BLOCK_BYTES;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
