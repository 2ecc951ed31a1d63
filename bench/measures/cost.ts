/** What an action leaves behind: rows written in PostgreSQL, events in Temporal's histories. */

import type { Client } from '@temporalio/client';
import type pg from 'pg';
import { orchestratorWorkflowId } from '../../src/contracts/names.ts';
import { DEFAULT_LANE } from '../../src/domain/flags.ts';
import { onStage, type Stage } from '../stage.ts';
import { BARE_DRAIN_ID } from '../systems/bare-temporal.ts';
import type { Figure, Trial } from './measure.ts';

interface Case {
  readonly system: 'aol' | 'bare-temporal' | 'pg-boss' | 'graphile-worker';
  readonly real?: boolean;
}

const cases: readonly Case[] = [
  { system: 'aol' },
  { system: 'aol', real: true },
  { system: 'bare-temporal' },
  { system: 'pg-boss' },
  { system: 'graphile-worker' },
];

export const costTrials: readonly Trial[] = cases.map(({ system, real = false }) => ({
  measure: 'cost',
  system,
  label: real ? 'cost REAL' : 'cost',
  run: (servers, { costJobs }) =>
    onStage(servers, system, { real }, async (stage): Promise<Figure[]> => {
      const db = await stage.database();
      const mode = real ? ', REAL' : '';
      const { queued, drained } = await rowsOf(stage, db, costJobs, real);
      const figures = [
        { system, name: `rows written to queue${mode}`, value: queued / costJobs },
        { system, name: `rows written to run${mode}`, value: drained / costJobs },
      ];
      const first = await firstWorkflow(stage.temporal, system);
      if (first === undefined) return figures.filter(() => system !== 'bare-temporal');
      const events = await historyEvents(stage.temporal, first);
      const history = { system, name: `history events${mode}`, value: events / costJobs };
      return system === 'bare-temporal' ? [history] : [...figures, history];
    }),
}));

/** Sessions report what they wrote when they end, so each part has processes of its own. */
async function rowsOf(stage: Stage, db: pg.Client, jobs: number, real: boolean) {
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
  await producer.ready();
  await producer.go(jobs);
  await worker.go();
  await worker.began(jobs);
  await producer.finished(jobs);
  await Promise.all([producer.stop(), worker.stop()]);
  const drained = await rowsWritten(db);
  return { queued: filled - before, drained: drained - filled };
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

async function firstWorkflow(client: Client, system: Case['system']) {
  if (system === 'bare-temporal') return firstRun(client, BARE_DRAIN_ID);
  return system === 'aol' ? firstRun(client, orchestratorWorkflowId(DEFAULT_LANE)) : undefined;
}

async function firstRun(client: Client, workflowId: string) {
  const handle = client.workflow.getHandle(workflowId);
  const { raw } = await handle.describe();
  return { workflowId, runId: raw.workflowExecutionInfo?.firstRunId ?? undefined };
}

/** Of a run and of those that it continued as. */
async function historyEvents(client: Client, first: { workflowId: string; runId: string | undefined }) {
  let events = 0;
  let { runId } = first;
  for (;;) {
    const history = await client.workflow.getHandle(first.workflowId, runId).fetchHistory();
    const all = history.events ?? [];
    events += all.length;
    const next = all.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    if (!next) return events;
    runId = next;
  }
}
