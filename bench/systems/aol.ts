/** AOL, from this checkout: a worker with an adapter of its own, and the calls that its API makes. */

import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Adapter, defineAdapter, jsonBodyOf, jsonEffect } from '../../src/adapters/port.ts';
import { registerAdapter } from '../../src/adapters/registry.ts';
import type { ApiPorts } from '../../src/api/context.ts';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { AolClient } from '../../src/client/client.ts';
import { type EnqueueInput, enqueueRequestSchema } from '../../src/contracts/http/action.ts';
import { type ActionContract, describeContract } from '../../src/contracts/payloads/contract.ts';
import { enqueue } from '../../src/db/decide/cancel.ts';
import { createLane, setFlags } from '../../src/db/decide/flags.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import type { Database } from '../../src/db/pool.ts';
import { ALL_LANES, DEFAULT_LANE, type LaneFlags } from '../../src/domain/flags.ts';
import { type CreateWorkerOptions, createWorker } from '../../src/worker/create-worker.ts';
import { silentLog } from '../../src/worker/log.ts';
import { installRuntime } from '../../src/worker/runtime.ts';
import type { Handler } from '../handler.ts';
import { NotMeasured, type Scene } from '../protocol.ts';
import type { System, SystemProducer } from './system.ts';

const TYPE = 'BENCH_JOB';
const by = { actor: 'bench' };
/** AOL's own bound of this flag. */
const MOST_RUNNING = 1_000;

interface Job {
  readonly job: number;
  /** A proof's handler is `render`, an effect's is `perform`. */
  readonly real: boolean;
}

const contract: ActionContract<Job> = {
  type: TYPE,
  title: 'A job of the benchmark',
  payload: z.strictObject({ job: z.int(), real: z.boolean() }),
  example: { job: 1, real: false },
};

function adapterFor(handler: Handler): Adapter<Job> {
  return defineAdapter({
    contract,
    version: 1,
    redelivery: () => ({ kind: 'dedupes', windowMs: 3_600_000, settleMs: 0 }),
    render({ job, real }, { providerKey }) {
      if (!real) handler.runSync(job);
      const body = { job, key: providerKey };
      return jsonEffect({ type: TYPE, adapterVersion: 1, summary: `Job ${job}`, url: 'http://bench.invalid/', body });
    },
    async perform(effect, { signal }) {
      const body = jsonBodyOf(effect);
      try {
        await handler.run(Number(typeof body === 'object' && body !== null && 'job' in body ? body.job : -1), signal);
      } catch (error) {
        if (!signal.aborted) throw error;
        return { kind: 'unknown', reason: 'nothing was answered' };
      }
      return { kind: 'done', receipt: { ok: true } };
    },
  });
}

export const aol: System = {
  async createWorker(scene, handler) {
    installRuntime(silentLog);
    const options: CreateWorkerOptions = {
      databaseUrl: scene.databaseUrl,
      temporal: scene.temporal,
      artifacts: `file:${scene.artifacts}`,
      proofMode: !scene.real,
      adapters: [registerAdapter(adapterFor(handler))],
      workflowBundlePath: scene.aolBundle,
    };
    const worker = await createWorker(options);
    worker.run().catch(() => undefined);
    await worker.ready;
    return { close: () => worker.shutdown() };
  },

  createProducer,
};

async function createProducer(scene: Scene): Promise<SystemProducer> {
  const artifacts = createArtifactStore(`file:${scene.artifacts}`);
  const settings = { databaseUrl: scene.databaseUrl, temporal: scene.temporal, temporalUiUrl: null, artifacts };
  const { openPorts } = await import('../../src/api/ports.ts');
  const ports = openPorts(settings);
  const { database, waker } = ports;
  const lanes = lanesOf(scene);
  await setFlags(database, ALL_LANES, flagsOf(scene), by);
  for (const lane of lanes.filter((name) => name !== DEFAULT_LANE)) {
    await createLane(database, lane, by.actor);
    // A new lane begins in PROOF and asks a person, whatever holds for all.
    await setFlags(database, lane, { proof_only: !scene.real, approval_policy: 'none' }, by);
  }
  const endedBefore = await countEnded(database, lanes);
  let queued = 0;
  const queue = async (jobs: readonly number[]) => {
    queued += jobs.length;
    const requests = jobs.map((job) => enqueueRequestSchema.parse(request(scene, job)));
    const results = await enqueue(database, requests, by.actor);
    if (!results.every(({ kind }) => kind === 'created')) throw new Error('an action was not queued');
    for (const lane of new Set(requests.map((request) => request.lane))) waker.wake(lane);
  };
  const press = async (paused: boolean) => {
    await pressControl(database, ALL_LANES, { paused }, by);
    waker.signalControl(lanes);
  };
  let http: ReturnType<typeof serve> | undefined;

  return {
    enqueue: (job) => queue([job]),
    enqueueMany: queue,
    async enqueueOverHttp(job) {
      http ??= serve(ports);
      await (await http).client.enqueue(request(scene, job));
    },
    hold: () => press(true),
    go: () => press(false),
    async ready() {
      while (!(await areHeld(database, lanes))) await delay(50);
    },
    // Asked every few milliseconds: of the ledger, so that the question takes nothing from what is measured.
    hasFinished: async () =>
      (await countEnded(database, lanes)) - endedBefore >= queued && (await nothingWaits(database, lanes)),
    async close() {
      await (await http)?.close();
      await ports.close();
    },
  };
}

function request(scene: Scene, job: number): EnqueueInput {
  const lanes = lanesOf(scene);
  const lane = lanes[job % lanes.length] ?? DEFAULT_LANE;
  return { type: TYPE, payload: { job, real: scene.real }, mode: scene.real ? 'REAL' : 'PROOF', lane };
}

function lanesOf({ lanes }: Scene): readonly string[] {
  return [DEFAULT_LANE, ...Array.from({ length: lanes - 1 }, (_, index) => `lane-${index + 1}`)];
}

function flagsOf({ perTick, real, width }: Scene): Partial<LaneFlags> {
  return {
    tick_interval_ms: 0,
    max_actions_per_tick: perTick,
    // A proof is at work for no time of its own; effects are what is limited everywhere else.
    max_running: real ? width : MOST_RUNNING,
    proof_only: !real,
  };
}

/** The API as `aol api` serves it, in this process, and a client of it. */
async function serve(ports: ApiPorts) {
  const [admin, operator, viewer] = ['admin', 'operator', 'viewer'].map((role) => role.padEnd(40, '-'));
  if (!admin || !operator || !viewer) throw new Error('a token is missing');
  const contracts = [{ ...describeContract(contract), performs: true }];
  const tokens = { admin, operator, viewer };
  const { startServer } = await import('../../src/api/server.ts');
  const server = await startServer({ ...ports, contracts, tokens, host: '127.0.0.1', port: 0 });
  return { client: new AolClient({ baseUrl: server.url, token: operator }), close: () => server.close() };
}

async function areHeld(db: Database, lanes: readonly string[]): Promise<boolean> {
  const { rows } = await db.query('SELECT FROM aol_lease WHERE lane = ANY ($1) AND expires_at > now()', [lanes]);
  return rows.length === lanes.length;
}

/** Actions that ticks have ended, one way or the other. */
async function countEnded(db: Database, lanes: readonly string[]): Promise<number> {
  const { rows } = await db.query<{ count: string }>(
    'SELECT coalesce(sum(succeeded + failed), 0) AS count FROM aol_tick_ledger WHERE lane = ANY ($1)',
    [lanes],
  );
  return Number(rows[0]?.count);
}

async function nothingWaits(db: Database, lanes: readonly string[]): Promise<boolean> {
  const { rows } = await db.query<{ status: string; reason: string | null }>(
    `SELECT status, max(last_error) AS reason FROM aol_actions
     WHERE lane = ANY ($1) AND status = ANY ('{PENDING,RUNNING,RETRY,DLQ,AWAITING_APPROVAL,UNCONFIRMED}') GROUP BY status`,
    [lanes],
  );
  const failed = rows.find(({ status }) => status === 'DLQ');
  if (failed?.reason?.includes('performs nothing')) throw new NotMeasured('the engine performs nothing yet');
  if (failed) throw new Error(`an action failed: ${failed.reason}`);
  return rows.length === 0;
}
