/** `/v1/status`, `/v1/ticks`, `/healthz`, `/readyz`. */

import { z } from 'zod';
import { type Dependency, readinessSchema, type Status, statusSchema } from '../../contracts/http/status.ts';
import { tickListQuerySchema, tickListSchema } from '../../contracts/http/tick.ts';
import { postgresHealth } from '../../db/look/health.ts';
import { readStatus } from '../../db/look/status.ts';
import { listTicks } from '../../db/look/ticks.ts';
import { UnavailableError } from '../../domain/errors.ts';
import { lanesToRead } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';
import { ReadinessCheck } from '../readiness.ts';

const noQuery = z.strictObject({});

/** A probe has little time, and Temporal decides nothing for it. */
const PROBE_WAITS_MS = 300;
/** Whoever wants to know of Temporal waits for one that is slow, or far away. */
const TEMPORAL_WAITS_MS = 1_000;

export function statusRoutes(app: Api, context: ApiContext): void {
  const { database, count, version } = context;
  const readiness = new ReadinessCheck(context);

  app.route({
    method: 'GET',
    url: '/v1/status',
    schema: { summary: 'Mode and why, lanes, dependencies', querystring: noQuery, response: { 200: statusSchema } },
    async handler({ scope }) {
      const asked = readiness.dependencies(TEMPORAL_WAITS_MS);
      try {
        const queue = await readStatus(database, count, lanesToRead(scope));
        return { ...queue, version, dependencies: await asked };
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        // What is known may be a second old.
        const postgres = await postgresHealth(database);
        if (postgres.ok) throw error;
        return { ...AWAY, version, dependencies: { ...(await asked), postgres } };
      }
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/ticks',
    schema: {
      summary: 'The tick ledger, newest first',
      querystring: tickListQuerySchema,
      response: { 200: tickListSchema },
    },
    handler: (request) => listTicks(database, request.query, lanesToRead(request.scope, request.query.lane)),
  });

  app.route({
    method: 'GET',
    url: '/readyz',
    schema: {
      summary: 'Able to take decisions and stops: 503 when PostgreSQL is away, and with ?all when anything is',
      querystring: z.strictObject({ all: z.literal('').optional() }),
      response: { 200: readinessSchema, 503: readinessSchema },
    },
    async handler({ query }, reply) {
      const wantsAll = query.all !== undefined;
      const waitsMs = wantsAll ? TEMPORAL_WAITS_MS : PROBE_WAITS_MS;
      const { postgres, temporal: temporalHealth } = await readiness.dependencies(waitsMs);
      const ready = postgres.ok && (!wantsAll || temporalHealth.ok);
      if (!ready) reply.code(503).header('retry-after', '1');
      return { ready, dependencies: { postgres: withoutDetail(postgres), temporal: withoutDetail(temporalHealth) } };
    },
  });

  app.route({
    method: 'GET',
    url: '/healthz',
    schema: { summary: 'Alive', response: { 200: z.object({ alive: z.boolean() }) } },
    handler: () => ({ alive: true }),
  });
}

/** What status says while PostgreSQL is away: nothing is claimed, so nothing is sent. */
const AWAY: Omit<Status, 'dependencies' | 'version'> = {
  mode: 'PROOF',
  why: 'PostgreSQL is away: the flags cannot be read, so nothing is sent',
  workers: { count: 0, proof: 0, real: 0 },
  lanes: [],
  accounts: [],
  notices: [],
};

/** Whoever asks without a token learns what is away, and no address. */
function withoutDetail(dependency: Dependency): Dependency {
  return { ...dependency, detail: dependency.ok ? 'reached' : 'away' };
}
