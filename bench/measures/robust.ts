/** AOL's drain where queues in PostgreSQL are known to grow slow, against the plain one of the same round. */

import type pg from 'pg';
import { onStage, type Stage } from '../stage.ts';
import { drain } from './drain.ts';
import type { Figure, Sizes, Trial } from './measure.ts';

interface Case {
  readonly name: string;
  /** Runs in the scene before its queue is filled. */
  prepare(stage: Stage, sizes: Sizes): Promise<void>;
}

const cases: readonly Case[] = [
  { name: 'plain', prepare: async () => undefined },
  {
    name: 'after ANALYZE of the empty queue',
    async prepare(stage) {
      await (await stage.database()).query('ANALYZE');
    },
  },
  {
    name: 'under an old open transaction',
    async prepare(stage, { churnJobs }) {
      await openTransaction(await stage.database());
      await drain(stage, churnJobs, 0);
    },
  },
];

export const robustTrials: readonly Trial[] = cases.map((one) => ({
  measure: 'robust',
  system: 'aol',
  label: one.name,
  async run(servers, sizes): Promise<Figure[]> {
    const rate = await onStage(servers, 'aol', {}, async (stage) => {
      await one.prepare(stage, sizes);
      return (await drain(stage, sizes.drainJobs, 0, { warmsUp: true })).rate;
    });
    return [{ system: 'aol', name: `drain ${one.name} /s`, value: rate }];
  },
}));

/** Keeps every row version that dies from now on. */
async function openTransaction(db: pg.Client): Promise<void> {
  await db.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await db.query('SELECT count(*) FROM aol_actions');
}
