/** Keeps what a run left, for a person: the processes' logs, the receiver's and the oracle's file, the tables as JSON lines. */

import { closeSync, cpSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene } from './scene.ts';

const TABLES = ['aol_actions', 'aol_execution_logs', 'aol_tick_ledger', 'aol_lease', 'aol_control_flags'] as const;

/** Answers the folder. */
export async function keepEvidence(scene: Scene, into: string, name: string): Promise<string> {
  const folder = join(into, name);
  mkdirSync(folder, { recursive: true });
  cpSync(scene.folder, folder, { recursive: true, filter: (path) => !path.includes('artifacts') });
  for (const table of TABLES) {
    const { rows } = await scene.db.query<{ row: unknown }>(`SELECT to_jsonb(t) AS row FROM ${table} t ORDER BY 1`);
    // One by one: a million rows are longer than a text may be.
    const file = openSync(join(folder, `${table}.jsonl`), 'w');
    for (const { row } of rows) writeSync(file, `${JSON.stringify(row)}\n`);
    closeSync(file);
  }
  return folder;
}
