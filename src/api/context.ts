/** What the routes work with, and the types that they share. */

import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { JsonObject } from '../contracts/http/json.ts';
import type { Dependency } from '../contracts/http/status.ts';
import type { NamedFile, Redelivery } from '../contracts/payloads/contract.ts';
import type { ActionView, TemporalLink } from '../db/action-row.ts';
import type { RenderedAccount } from '../db/look/accounts.ts';
import type { Count } from '../db/look/counts.ts';
import type { Database } from '../db/pool.ts';
import type { BlobRow } from '../db/queue/blobs.ts';
import type { FieldProblem } from '../domain/errors.ts';
import type { Role } from '../domain/roles.ts';
import type { Scope } from '../domain/scope.ts';
import type { Waker } from '../temporal/waker.ts';
import type { Audit } from './access/audit.ts';
import type { Bounds } from './access/bounds.ts';
import type { Caller, Credentials } from './access/credentials.ts';
import type { LookUps } from './access/look-ups.ts';
import type { Oidc } from './access/oidc.ts';
import type { RateLimits } from './access/rate-limits.ts';
import type { RouteRight } from './access/route-rights.ts';
import type { KnownAccounts } from './known-accounts.ts';
import type { QueueCap } from './queue-cap.ts';
import type { StatusWaits } from './status-waits.ts';

/** The application, typed by its zod schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** An action type, as far as enqueueing is concerned. The built-in ones stand in `src/contracts/payloads`. */
export interface QueueableType {
  readonly type: string;
  /** False while its adapter renders proofs but performs nothing: REAL is refused. */
  readonly performs?: boolean;
  readonly title?: string;
  readonly jsonSchema?: JsonObject;
  readonly example?: JsonObject;
  readonly redelivery?: Redelivery;
  /** Variables of the environment that REAL needs. */
  readonly realVariables?: readonly string[];
  readonly limits?: Readonly<Record<string, string>>;
  /** Whose account a payload needs; absent, or undefined: nobody's. */
  readonly account?: (
    payload: unknown,
  ) => { readonly provider: string; readonly name?: string | undefined } | undefined;
  /** By provider, the variables that its one account needs. */
  readonly providers?: Readonly<Record<string, readonly string[]>>;
  /** The id of the action that has to be done before; absent, or undefined: none. */
  after?(payload: JsonObject): string | undefined;
  check(payload: unknown): { readonly ok: true } | { readonly ok: false; readonly problems: readonly FieldProblem[] };
  /** What is wrong with the files that it names; absent: it names none. */
  checkFiles?(payload: JsonObject, files: ReadonlyMap<string, NamedFile>): readonly FieldProblem[];
}

/** Reads an artifact's bytes by its URI. */
export interface ArtifactReader {
  get(uri: string): Promise<Uint8Array>;
}

/** Keeps files under their SHA-256. */
export interface FilePort {
  /** What a file is, by its bytes; pictures without their metadata. Throws InvalidRequestError for a damaged picture. */
  readMedia(
    bytes: Uint8Array,
    declared: string,
  ): Promise<{
    readonly bytes: Uint8Array;
    readonly mediaType: string;
    readonly width?: number;
    readonly height?: number;
  }>;
  put(bytes: Uint8Array): Promise<string>;
  get(sha256: string): Promise<Uint8Array>;
}

/** What rendering needs of a request: the accounts of its provider and the files that it names. */
export interface RenderRequest {
  readonly type: string;
  readonly payload: JsonObject;
  readonly actionId: string;
  readonly accounts: readonly RenderedAccount[];
  readonly files: readonly BlobRow[];
}

export type RenderReply =
  | {
      readonly kind: 'rendered';
      readonly bytes: Uint8Array;
      readonly sha256: string;
      /** Whether another id gives another artifact. */
      readonly holdsActionId: boolean;
      /** Whether its account is configured; true where it needs none. */
      readonly hasAccount: boolean;
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly problems: readonly FieldProblem[] };

/** Renders as workers do. The API knows adapters by their contracts; whoever composes it brings their code. */
export interface EffectRenderer {
  /** Never throws: whatever an adapter does is the reply. */
  render(request: RenderRequest): Promise<RenderReply>;
}

/** The servers and stores behind the API. */
export interface ApiPorts {
  readonly database: Database;
  /** For pause and kill alone, so that a storm of other calls never makes them wait; absent: the same one. */
  readonly controlDatabase?: Database;
  readonly artifacts: ArtifactReader;
  /** Files that payloads name; absent: there are none. */
  readonly blobs?: FilePort;
  readonly waker: Pick<Waker, 'wake' | 'signalControl'>;
  /** Absent: `POST /v1/actions/validate` is not there. */
  readonly renderer?: EffectRenderer;
  readonly temporal: { health(): Promise<Dependency>; readonly link: TemporalLink };
}

export interface ApiContext extends ApiPorts {
  readonly view: ActionView;
  readonly contracts: ReadonlyMap<string, QueueableType>;
  readonly credentials: Credentials;
  /** Where people sign in; undefined: only tokens do. */
  readonly oidc: Oidc | undefined;
  readonly lookUps: LookUps;
  /** Over the connections that are kept for pause and kill. */
  readonly controlLookUps: LookUps;
  /** Whether browsers reach us over TLS, so that the cookie may be kept to it. */
  readonly secureCookies: boolean;
  readonly limits: RateLimits;
  readonly audit: Audit;
  readonly queueCap: QueueCap;
  readonly bounds: Bounds;
  /** For status, which is looked at again and again. */
  readonly count: Count;
  /** How often a stream of events shows that it lives, and looks whether its caller may still listen. */
  readonly beatIntervalMs: number;
  /** Names of the variables that are set, of those that adapters need. */
  readonly setVariables: ReadonlySet<string>;
  /** Of AOL. */
  readonly version: string;
  readonly knownAccounts: KnownAccounts;
  readonly waits: StatusWaits;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What `access/route-rights.ts` says of the route; it is set when the route is declared. */
    right?: RouteRight;
    /** A call without a body counts as one with `{}`. */
    bodyOptional?: boolean;
    /** Stopping work: it is served by connections of its own, and never refused for being asked too often. */
    control?: boolean;
    /** Statuses of problems that it answers, besides those of every route. */
    problems?: readonly number[];
    /** The query of its address holds what no log may hold. */
    queryIsSecret?: boolean;
    /** Its body is bytes of whatever kind. */
    rawBody?: boolean;
    /** Parses its body instead of what parses the others. */
    parseBody?: (body: Buffer, request: FastifyRequest) => Promise<unknown>;
  }
  interface FastifyRequest {
    /** Who calls, as it stands in logs and rows. Empty on public routes. */
    actor: string;
    /** What the caller may do. Null on public routes. */
    role: Role | null;
    /** The lanes and types that the caller's token is bound to. Null on public routes. */
    scope: Scope | null;
    /** All that is known of who calls. Null on public routes. */
    caller: Caller | null;
  }
}
