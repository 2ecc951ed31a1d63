/** Builds the API. It listens nowhere and reads no environment. */

import { randomUUID } from 'node:crypto';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { createCount } from '../db/look/counts.ts';
import { errorText } from '../domain/errors.ts';
import { APPROVAL_TTL_MS, DEFAULT_MAX_QUEUED, MAX_BODY_BYTES } from '../domain/limits.ts';
import { Audit } from './access/audit.ts';
import { addAuthentication } from './access/auth.ts';
import { Bounds } from './access/bounds.ts';
import { Credentials, type Tokens } from './access/credentials.ts';
import { LookUps } from './access/look-ups.ts';
import { Oidc, type OidcSettings } from './access/oidc.ts';
import { addRateLimits, MAX_WRONG_TOKENS } from './access/rate-limits.ts';
import { addRefusalAudit } from './access/refusals.ts';
import { addHostCheck, addSecurityHeaders } from './access/security.ts';
import { inTurns } from './access/turns.ts';
import type { ApiContext, ApiPorts, QueueableType } from './context.ts';
import { addOpenApi, describeApi } from './describe/openapi.ts';
import { collectRoutes, type RouteTable } from './describe/route-table.ts';
import { EventFeed } from './events/feed.ts';
import { eventRoutes } from './events/route.ts';
import { httpServer, letConnectionsGo } from './http-server.ts';
import { KnownAccounts } from './known-accounts.ts';
import { ApiMetrics } from './metrics/registry.ts';
import { metricsRoutes } from './metrics/route.ts';
import { answerUnreadable } from './plugins/client-errors.ts';
import { addNotFound } from './plugins/not-found.ts';
import { addProblems, sendProblem } from './plugins/problems.ts';
import { addRequestLog } from './plugins/request-log.ts';
import { addValidation } from './plugins/validation.ts';
import { QueueCap } from './queue-cap.ts';
import { accountRoutes } from './routes/accounts.ts';
import { actionRoutes } from './routes/actions.ts';
import { adapterRoutes } from './routes/adapters.ts';
import { artifactRoutes } from './routes/artifacts.ts';
import { autonomyRoutes } from './routes/autonomy.ts';
import { batchRoutes } from './routes/batch.ts';
import { blobRoutes } from './routes/blobs.ts';
import { budgetRoutes } from './routes/budgets.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { changeRoutes } from './routes/changes.ts';
import { controlRoutes } from './routes/control.ts';
import { decisionRoutes } from './routes/decisions.ts';
import { docsRoutes } from './routes/docs.ts';
import { flagRoutes } from './routes/flags.ts';
import { homeRoutes } from './routes/home.ts';
import { laneRoutes } from './routes/lanes.ts';
import { logRoutes } from './routes/logs.ts';
import { noticeRoutes } from './routes/notices.ts';
import { oidcRoutes } from './routes/oidc.ts';
import { peopleRoutes } from './routes/people.ts';
import { sessionRoutes } from './routes/session.ts';
import { sessionListRoutes } from './routes/sessions.ts';
import { statusRoutes } from './routes/status.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { validateRoutes } from './routes/validate.ts';
import { webRoutes } from './routes/web.ts';
import { StatusWaits } from './status-waits.ts';
import { readWebFiles } from './web-files.ts';

export interface ApiOptions extends ApiPorts {
  /** The action types that may be queued. */
  readonly contracts: readonly QueueableType[];
  /** The environment's bearer tokens. */
  readonly tokens: Tokens;
  /** Where people sign in; absent: only tokens do. */
  readonly oidc?: OidcSettings | undefined;
  /** Whether a proxy in front ends TLS: browsers keep the cookie to TLS. */
  readonly behindTls?: boolean;
  /** Addresses and networks of proxies that are believed what `X-Forwarded-For` says; absent or none: nobody is. */
  readonly proxies?: readonly string[];
  /** Calls of one token in a minute; absent or 0: without limit. */
  readonly callsPerMinute?: number;
  /** Wrong tokens that an address may try in a minute; absent: 100. */
  readonly maxWrongTokens?: number;
  /** How long a request may take to be there, headers and body; absent: 10 s. */
  readonly requestTimeoutMs?: number;
  /** How often streams of events show that they live; absent: 10 s. */
  readonly beatIntervalMs?: number;
  /** How long a person has to approve what waits for it; absent: a week. */
  readonly approvalTtlMs?: number;
  /** How many actions may wait; absent: a million. */
  readonly maxQueued?: number;
  /** Names of set variables, for what `GET /v1/adapters` says of REAL. */
  readonly setVariables?: ReadonlySet<string>;
  /** Of AOL, for status. */
  readonly version?: string;
  /** Where the built dashboard lies; absent, or not built: there is none. */
  readonly webFolder?: string | undefined;
  /** Host names under which it answers; absent: any. See `allowedHostNames`. */
  readonly hostNames?: readonly string[] | undefined;
  /** Absent: it logs nothing. */
  readonly logger?: FastifyBaseLogger | undefined;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Every route with the right that it needs. */
    routeTable: RouteTable;
    audit: Audit;
  }
}

const REQUEST_TIMEOUT_MS = 10_000;
const BEAT_INTERVAL_MS = 10_000;
/** Builds the application with all its routes. What it was given stays open when it closes. */
export async function createApi(options: ApiOptions): Promise<FastifyInstance> {
  const { behindTls = false, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const bounds = new Bounds();
  const oidc = options.oidc && new Oidc(options.oidc);
  const credentials = new Credentials(options.tokens, oidc);
  const app = fastify({
    serverFactory: (serve) => httpServer(inTurns(serve, bounds.turns, credentials), requestTimeoutMs),
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: 'idle',
    trustProxy: options.proxies?.length ? [...options.proxies] : false,
    frameworkErrors: sendProblem,
    clientErrorHandler: answerUnreadable,
  }).withTypeProvider<ZodTypeProvider>();

  app.addHook('preClose', async () => letConnectionsGo(app.server));
  const routes = collectRoutes(app);
  app.decorate('routeTable', routes);
  addProblems(app);
  addSecurityHeaders(app, behindTls);
  addRequestLog(app);
  const metrics = new ApiMetrics(options, bounds);
  metrics.watchRequests(app);
  if (options.hostNames) addHostCheck(app, options.hostNames);
  const feed = new EventFeed(options.database, (error) => app.log.warn({ err: error }, 'events cannot be read'));
  const context: ApiContext = {
    ...options,
    view: { link: options.temporal.link, approvalTtlMs: options.approvalTtlMs ?? APPROVAL_TTL_MS },
    artifacts: metrics.watchArtifacts(options.artifacts),
    contracts: new Map(options.contracts.map((type) => [type.type, type])),
    credentials,
    oidc,
    lookUps: new LookUps(options.database),
    controlLookUps: new LookUps(options.controlDatabase ?? options.database),
    secureCookies: behindTls,
    limits: await addRateLimits(app, {
      callsPerMinute: options.callsPerMinute ?? 0,
      maxWrongTokens: options.maxWrongTokens ?? MAX_WRONG_TOKENS,
    }),
    audit: new Audit(options.database, (reason) => app.log.warn({ reason }, 'a row of the audit is not written yet')),
    bounds,
    beatIntervalMs: options.beatIntervalMs ?? BEAT_INTERVAL_MS,
    count: createCount(),
    queueCap: new QueueCap(options.database, options.maxQueued ?? DEFAULT_MAX_QUEUED, (error) =>
      app.log.warn({ error: errorText(error) }, 'what waits could not be counted'),
    ),
    setVariables: options.setVariables ?? new Set(),
    version: options.version ?? 'unknown',
    knownAccounts: new KnownAccounts(options.database),
    waits: new StatusWaits(feed, bounds.waits),
  };
  app.decorate('audit', context.audit);
  const web = options.webFolder === undefined ? undefined : readWebFiles(options.webFolder);
  addNotFound(app, routes, web);
  addRefusalAudit(app, context.audit);
  await addAuthentication(app, context);
  addValidation(app, bounds.turns);
  await addOpenApi(app);

  homeRoutes(app, web);
  docsRoutes(app, () => describeApi(app, routes, context));
  if (web) webRoutes(app, web);
  sessionRoutes(app, context);
  oidcRoutes(app, context);
  sessionListRoutes(app, context);
  actionRoutes(app, context);
  autonomyRoutes(app, context);
  batchRoutes(app, context);
  if (options.renderer) validateRoutes(app, context, options.renderer);
  blobRoutes(app, context);
  decisionRoutes(app, context);
  bulkRoutes(app, context);
  changeRoutes(app, context);
  artifactRoutes(app, context);
  controlRoutes(app, context);
  flagRoutes(app, context);
  laneRoutes(app, context);
  statusRoutes(app, context);
  logRoutes(app, context);
  eventRoutes(app, context, feed);
  adapterRoutes(app, context);
  accountRoutes(app, context);
  budgetRoutes(app, context);
  noticeRoutes(app, context);
  tokenRoutes(app, context);
  peopleRoutes(app, context);
  metricsRoutes(app, metrics);
  return app;
}
