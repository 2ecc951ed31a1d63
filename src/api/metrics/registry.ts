/** What an API process tells Prometheus: the state of the queue, read at each scrape, and what it counted itself. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { LaneStatus } from '../../contracts/http/status.ts';
import { listAccounts } from '../../db/look/accounts.ts';
import { listBudgets } from '../../db/look/budgets.ts';
import { UNFINISHED_STATUSES } from '../../db/look/counts.ts';
import { countBounded, EventTail, readLeaseAges, TickTail } from '../../db/look/metrics.ts';
import { readApprovalAges } from '../../db/look/notices.ts';
import { type QueueStatus, readStatus } from '../../db/look/status.ts';
import type { Database } from '../../db/pool.ts';
import { UnavailableError } from '../../domain/errors.ts';
import type { LogEvent } from '../../domain/events.ts';
import type { Bounds } from '../access/bounds.ts';
import type { Api, ApiPorts, ArtifactReader } from '../context.ts';
import { accountMetrics } from './accounts.ts';
import { budgetMetrics } from './budgets.ts';
import { noticeMetrics } from './notices.ts';

const HTTP_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const TICK_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60];
const HEALTHS = ['GREEN', 'AMBER', 'RED'] as const;
const MODES = ['PROOF', 'REAL'] as const;

export class ApiMetrics {
  readonly #registry = new Registry();
  readonly #ports: Pick<ApiPorts, 'database' | 'controlDatabase' | 'temporal'>;
  readonly #events = new EventTail();
  readonly #ticks = new TickTail();
  #reading: Promise<string> | undefined;
  /** The process is watched from the first scrape on: nobody else pays for it. */
  #watchesProcess = false;

  readonly #bounds: Pick<Bounds, 'inside'>;

  constructor(ports: Pick<ApiPorts, 'database' | 'controlDatabase' | 'temporal'>, bounds: Pick<Bounds, 'inside'>) {
    this.#ports = ports;
    this.#bounds = bounds;
  }

  readonly #requests = this.#histogram(
    'aol_http_request_duration_seconds',
    'Answering a request.',
    HTTP_BUCKETS_SECONDS,
    ['method', 'route', 'status'],
  );
  readonly #artifactFailures = this.#counter(
    'aol_artifact_read_failures_total',
    'Artifacts that could not be read.',
    [],
  );
  readonly #dependencyUp = this.#gauge('aol_dependency_up', 'Whether a server can be used: 1 or 0.', ['dependency']);
  readonly #poolConnections = this.#gauge('aol_database_connections', 'Connections to PostgreSQL.', ['pool', 'state']);
  readonly #poolWaiting = this.#gauge('aol_database_waiting', 'Callers that wait for a connection.', ['pool']);
  readonly #inside = this.#gauge('aol_http_requests_inside', 'Requests of a bounded kind that are being served.', [
    'kind',
  ]);
  readonly #queue = this.#gauge(
    'aol_queue_actions',
    'Actions by status, but for final ones. It stops at 100000: at least so many.',
    ['lane', 'status'],
  );
  readonly #oldestDue = this.#gauge(
    'aol_queue_oldest_due_age_seconds',
    'How long the oldest due action has been due; 0 when none is.',
    ['lane'],
  );
  readonly #leaseHeld = this.#gauge('aol_lease_held', 'Whether the lease is held: 1 or 0.', ['lane']);
  readonly #leaseAge = this.#gauge('aol_lease_age_seconds', 'Time since the lease was last renewed.', ['lane']);
  readonly #leaseToken = this.#gauge('aol_lease_token', 'The fencing token: it grows at each change of owner.', [
    'lane',
  ]);
  readonly #leaseHealth = this.#gauge('aol_lease_health', 'Health of the lease: 1 for the one that holds.', [
    'lane',
    'health',
  ]);
  readonly #mode = this.#gauge('aol_lane_mode', 'Mode in force: 1 for the one that holds.', ['lane', 'mode']);
  readonly #paused = this.#gauge('aol_lane_paused', 'Whether the lane is paused: 1 or 0.', ['lane']);
  readonly #killed = this.#gauge('aol_lane_killed', 'Whether the lane is killed: 1 or 0.', ['lane']);
  readonly #workers = this.#gauge('aol_workers', 'Worker processes that are connected, by the mode they allow.', [
    'mode',
  ]);
  readonly #ticksTotal = this.#counter('aol_ticks_total', 'Ticks that closed since this process started.', [
    'lane',
    'outcome',
  ]);
  readonly #tickDuration = this.#histogram(
    'aol_tick_duration_seconds',
    'From the claim of a tick to its close, of ticks that claimed something.',
    TICK_BUCKETS_SECONDS,
    ['lane'],
  );
  readonly #attemptsTotal = this.#counter('aol_attempts_total', 'Attempts that ended since this process started.', [
    'lane',
    'outcome',
  ]);
  readonly #eventsTotal = this.#counter('aol_events_total', 'Rows of the execution log since this process started.', [
    'lane',
    'event',
  ]);

  readonly #showAccounts = accountMetrics(this.#registry);
  readonly #showBudgets = budgetMetrics(this.#registry);
  readonly #showNotices = noticeMetrics(this.#registry);

  /** Counts every request, by the pattern of its route. */
  watchRequests(app: Api): void {
    app.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'none';
      this.#requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
    });
  }

  /** The same reader, its failures counted. */
  watchArtifacts(reader: ArtifactReader): ArtifactReader {
    return {
      get: async (uri) => {
        try {
          return await reader.get(uri);
        } catch (error) {
          this.#artifactFailures.inc();
          throw error;
        }
      },
    };
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The page that Prometheus scrapes. What cannot be read, because PostgreSQL is away, is left out of it. */
  page(): Promise<string> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<string> {
    const { database, temporal } = this.#ports;
    if (!this.#watchesProcess) collectDefaultMetrics({ register: this.#registry });
    this.#watchesProcess = true;
    const [isUp, { ok }] = await Promise.all([this.#readTables(database), temporal.health()]);
    this.#dependencyUp.set({ dependency: 'postgres' }, Number(isUp));
    this.#dependencyUp.set({ dependency: 'temporal' }, Number(ok));
    this.#showPools();
    for (const [kind, count] of Object.entries(this.#bounds.inside)) this.#inside.set({ kind }, count);
    return this.#registry.metrics();
  }

  async #readTables(database: Database): Promise<boolean> {
    for (const gauge of this.#gaugesOfLanes) gauge.reset();
    try {
      const status = await readStatus(database, countBounded);
      this.#showStatus(status);
      this.#showNotices(status.notices, await readApprovalAges(database));
      this.#showAccounts(await listAccounts(database));
      this.#showBudgets((await listBudgets(database, {})).items);
      for (const { lane, age } of await readLeaseAges(database)) this.#leaseAge.set({ lane }, age);
      for (const { lane, outcome, count, durationMs } of await this.#ticks.read(database)) {
        this.#ticksTotal.inc({ lane, outcome }, count);
        if (durationMs !== null) this.#tickDuration.observe({ lane }, durationMs / 1_000);
      }
      for (const { lane, event, of_attempt, count } of await this.#events.read(database)) {
        this.#eventsTotal.inc({ lane, event }, count);
        const outcome = of_attempt ? ATTEMPT_OUTCOMES[event] : undefined;
        if (outcome) this.#attemptsTotal.inc({ lane, outcome }, count);
      }
      return true;
    } catch (error) {
      if (error instanceof UnavailableError) return false;
      throw error;
    }
  }

  readonly #gaugesOfLanes = [
    this.#queue,
    this.#oldestDue,
    this.#leaseHeld,
    this.#leaseAge,
    this.#leaseToken,
    this.#leaseHealth,
    this.#mode,
    this.#paused,
    this.#killed,
    this.#workers,
  ];

  #showStatus({ lanes, workers }: QueueStatus): void {
    this.#workers.set({ mode: 'PROOF' }, workers.proof);
    this.#workers.set({ mode: 'REAL' }, workers.real);
    for (const status of lanes) this.#showLane(status);
  }

  #showLane({ lane, counts, oldestDueAgeMs, lease, mode, flags }: LaneStatus): void {
    for (const status of UNFINISHED_STATUSES) this.#queue.set({ lane, status }, counts[status] ?? 0);
    this.#oldestDue.set({ lane }, (oldestDueAgeMs ?? 0) / 1_000);
    this.#leaseHeld.set({ lane }, Number(lease.ttlMs !== null && lease.ttlMs > 0));
    this.#leaseToken.set({ lane }, lease.token);
    for (const health of HEALTHS) this.#leaseHealth.set({ lane, health }, Number(health === lease.health));
    for (const one of MODES) this.#mode.set({ lane, mode: one }, Number(one === mode));
    this.#paused.set({ lane }, Number(flags.paused === true));
    this.#killed.set({ lane }, Number(flags.killed === true));
  }

  #showPools(): void {
    const { database, controlDatabase } = this.#ports;
    for (const [pool, db] of [
      ['main', database],
      ['control', controlDatabase],
    ] as const) {
      if (!db) continue;
      this.#poolConnections.set({ pool, state: 'busy' }, db.totalCount - db.idleCount);
      this.#poolConnections.set({ pool, state: 'idle' }, db.idleCount);
      this.#poolWaiting.set({ pool }, db.waitingCount);
    }
  }

  #gauge<const Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #counter<const Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #histogram<const Label extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly Label[],
  ): Histogram<Label> {
    return new Histogram({
      name,
      help,
      buckets: [...buckets],
      labelNames: [...labelNames],
      registers: [this.#registry],
    });
  }
}

const ATTEMPT_OUTCOMES: Readonly<Partial<Record<LogEvent, string>>> = {
  SUCCEEDED: 'succeeded',
  RETRY_SCHEDULED: 'retried',
  DEAD_LETTERED: 'dead_lettered',
  UNCONFIRMED: 'unconfirmed',
  RELEASED: 'released',
  AWAITING_APPROVAL: 'awaiting',
};
