/** What a job of a drain leaves behind: rows written in PostgreSQL, events and billable actions in Temporal. */

import type pg from 'pg';
import type { SceneSettings } from '../servers.ts';
import { onStage, type Stage } from '../stage.ts';
import type { Usage } from '../temporal-usage.ts';
import type { Figure, Trial } from './measure.ts';
import { between, settledUsage, usageFigures } from './usage.ts';

const EFFECT_MS = 50;
/** No job waits for another, so that every tick is full. */
const ALL_AT_ONCE = 1_000;

interface Case {
  readonly system: 'aol' | 'bare-temporal' | 'pg-boss' | 'graphile-worker';
  readonly name: string;
  readonly settings: Partial<SceneSettings>;
}

const cases: readonly Case[] = [
  { system: 'aol', name: '', settings: {} },
  { system: 'aol', name: ', REAL', settings: { real: true, width: ALL_AT_ONCE } },
  { system: 'aol', name: ', REAL, 50 in flight', settings: { real: true } },
  { system: 'bare-temporal', name: '', settings: {} },
  { system: 'pg-boss', name: '', settings: {} },
  { system: 'graphile-worker', name: '', settings: {} },
];

export const costTrials: readonly Trial[] = cases.map(({ system, name, settings }) => ({
  measure: 'cost',
  system,
  label: `cost${name}`,
  run: (servers, { costJobs }) =>
    onStage(servers, system, settings, async (stage): Promise<Figure[]> => {
      const { queued, drained, usage } = await costOf(stage, costJobs);
      const rows = [
        { system, name: `rows written to queue${name}`, value: queued / costJobs },
        { system, name: `rows written to run${name}`, value: drained / costJobs },
      ];
      const ofTemporal = usageFigures(system, name, usage, costJobs);
      if (system === 'bare-temporal') return ofTemporal;
      return system === 'aol' ? [...rows, ...ofTemporal] : rows;
    }),
}));

interface Cost {
  readonly queued: number;
  readonly drained: number;
  readonly usage: Usage;
}

/** Sessions report what they wrote when they end, so each part has processes of its own. */
async function costOf(stage: Stage, jobs: number): Promise<Cost> {
  const { real } = stage.scene;
  const db = await stage.database();
  const preparing = await stage.producer();
  if (real) await probe(stage, preparing);
  await preparing.fill(0);
  await preparing.stop();
  const before = await rowsWritten(db);
  const filling = await stage.producer();
  await filling.fill(jobs);
  await filling.stop();
  const filled = await rowsWritten(db);
  const producer = await stage.producer();
  const worker = await stage.worker();
  if (real) await worker.behave({ kind: 'work', ms: EFFECT_MS });
  await producer.ready();
  const usedBefore = await settledUsage(stage);
  await producer.go(jobs);
  await worker.go();
  await worker.began(jobs);
  await producer.finished(jobs);
  await Promise.all([producer.stop(), worker.stop()]);
  const drained = await rowsWritten(db);
  const usage = between(usedBefore, await settledUsage(stage));
  return { queued: filled - before, drained: drained - filled, usage };
}

/** Throws NotMeasured when effects cannot be performed. */
async function probe(stage: Stage, producer: Awaited<ReturnType<Stage['producer']>>): Promise<void> {
  const worker = await stage.worker();
  await producer.ready();
  await producer.enqueueEach(-1, 1, [0, 0]);
  await producer.finished(1);
  await worker.stop();
}

async function rowsWritten(db: pg.Client): Promise<number> {
  const { rows } = await db.query<{ n: string }>(
    'SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) AS n FROM pg_stat_user_tables',
  );
  return Number(rows[0]?.n ?? 0);
}
