import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from '../domain/errors.ts';
import type { NoticeDestination } from '../domain/notice-destinations.ts';
import { passwordOf } from './database-url.ts';
import {
  type ProcessEnvironment,
  processEnvironment,
  userCacheDir,
  userConfigDir,
  withoutUnset,
} from './environment.ts';
import { type OidcConfig, oidcConfig } from './oidc.ts';
import { withDatabasePassword } from './pass-file.ts';
import { loadTemporalConfig, type TemporalConfig } from './temporal.ts';
import type { Variable } from './variable.ts';
import { type Environment, environmentSchema, type VariableName, variables } from './variables.ts';

/** Everything that the environment decides, read once, checked and deeply frozen. */
export interface Config {
  /** True: this process performs nothing. False is the worker's half of unlocking REAL. */
  readonly proofMode: boolean;
  readonly logLevel: Environment['AOL_LOG_LEVEL'];
  /** Absolute. Nothing is created before a command needs it. */
  readonly dataDir: string;
  readonly artifacts: { readonly kind: 'file'; readonly folder: string };
  /** How long finished actions are kept; undefined keeps them. */
  readonly retentionMs: number | undefined;
  /** How long a person has to approve what waits for it. */
  readonly approvalTtlMs: number;
  /** Without a URL `aol up` starts an embedded PostgreSQL. */
  readonly database: { readonly url: string | undefined };
  readonly temporal: TemporalConfig;
  /** What Temporal stores is encrypted with the first and decrypted with all of them; without any it is plain. */
  readonly payloadKeys: readonly Uint8Array[];
  readonly api: {
    readonly host: string;
    readonly port: number;
    /** Whether a proxy in front ends TLS. */
    readonly behindTls: boolean;
    /** Proxies that are believed what they say of callers' addresses. */
    readonly proxies: readonly string[];
    /** For each token; 0 is without limit. */
    readonly callsPerMinute: number;
    readonly maxQueued: number;
    /** Where people sign in; undefined: only tokens do. */
    readonly oidc: OidcConfig | undefined;
  };
  /** Names of the variables that are set, among those that are known. */
  readonly setVariables: readonly string[];
  /** What a server begins with, of the environment; src/local adds the generated ones. */
  readonly tokens: Readonly<Record<'admin' | 'operator' | 'viewer', string | undefined>>;
  /** For what calls a server: which one, without a slash at the end, and with which token. */
  readonly client: { readonly url: string | undefined; readonly token: string | undefined };
  /** Files with adapters of others. */
  readonly adapterFiles: readonly string[];
  /** What `CALL_WEBHOOK` may reach inside private ranges, and what it signs with. */
  readonly webhook: { readonly allow: string; readonly signingSecrets: readonly string[] };
  /** Absolute; undefined is `aol.accounts.yaml`, if it is there. */
  readonly accountsFile: string | undefined;
  /** What providers rotate is encrypted with the first and decrypted with all of them. */
  readonly secretsKeys: readonly Uint8Array[];
  /** Ports of the servers that `aol up` starts. */
  readonly local: { readonly temporalPort: number; readonly temporalUiPort: number; readonly postgresPort: number };
  /** Temporal's web page; undefined is the embedded server's own. */
  readonly temporalUiUrl: string | undefined;
  /** Where a worker serves its metrics, `127.0.0.1:9464`; undefined serves none. */
  readonly workerMetrics: string | undefined;
  /** OpenTelemetry's own variables say where traces go. */
  readonly tracing: boolean;
  /** Where people are told of what waits or went wrong, and how often at most. */
  readonly notices: { readonly destinations: readonly NoticeDestination[]; readonly everyMs: number };
  /** Where people reach the dashboard, without a slash at the end: for links to it. */
  readonly publicUrl: string;
  /** Every secret value of the environment, so that logs can be kept free of them. */
  readonly secrets: readonly string[];
  /** What the machine says: where programs are found, and where this user's caches and settings lie. */
  readonly machine: { readonly searchPath: string; readonly cacheDir: string; readonly configDir: string };
}

/**
 * Reads the environment. Relative folders are relative to the working directory.
 *
 * @throws ConfigurationError naming the first wrong variable and its rule
 */
export function loadConfig(env: ProcessEnvironment = processEnvironment()): Config {
  const given = withDatabasePassword(withoutUnset(env, true));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    throw wrongValue(given, parsed.error.issues[0]?.path[0]);
  }
  const values = parsed.data;
  const dataDir = resolve(values.AOL_DATA_DIR);
  const publicUrl = values.AOL_PUBLIC_URL ?? `http://127.0.0.1:${values.AOL_API_PORT}`;
  return deepFreeze({
    proofMode: values.AOL_PROOF_MODE,
    logLevel: values.AOL_LOG_LEVEL,
    dataDir,
    artifacts: { kind: 'file', folder: artifactFolder(values.AOL_ARTIFACTS, dataDir) },
    retentionMs: values.AOL_RETENTION,
    approvalTtlMs: values.AOL_APPROVAL_TTL,
    database: { url: values.DATABASE_URL },
    temporal: loadTemporalConfig(given),
    payloadKeys: values.AOL_PAYLOAD_KEY ?? [],
    api: {
      host: values.AOL_API_HOST,
      port: values.AOL_API_PORT,
      behindTls: values.AOL_API_TLS === 'proxied',
      proxies: values.AOL_API_PROXIES?.split(',').map((one) => one.trim()) ?? [],
      callsPerMinute: values.AOL_API_RATE,
      maxQueued: values.AOL_MAX_QUEUED,
      oidc: oidcConfig(values, publicUrl),
    },
    setVariables: Object.keys(given).filter(isVariable),
    tokens: {
      admin: values.AOL_ADMIN_TOKEN,
      operator: values.AOL_OPERATOR_TOKEN,
      viewer: values.AOL_VIEWER_TOKEN,
    },
    client: { url: values.AOL_API_URL, token: values.AOL_TOKEN },
    adapterFiles: values.AOL_ADAPTERS ?? [],
    webhook: { allow: values.AOL_WEBHOOK_ALLOW ?? '', signingSecrets: values.AOL_WEBHOOK_SECRET ?? [] },
    accountsFile: values.AOL_ACCOUNTS === undefined ? undefined : resolve(values.AOL_ACCOUNTS),
    secretsKeys: values.AOL_SECRETS_KEY ?? [],
    local: {
      temporalPort: values.AOL_TEMPORAL_PORT,
      temporalUiPort: values.AOL_TEMPORAL_UI_PORT,
      postgresPort: values.AOL_POSTGRES_PORT,
    },
    temporalUiUrl: values.AOL_TEMPORAL_UI_URL,
    workerMetrics: values.AOL_WORKER_METRICS,
    tracing: values.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined || (values.OTEL_TRACES_EXPORTER ?? 'none') !== 'none',
    notices: {
      destinations: values.AOL_NOTICES ?? [],
      everyMs: values.AOL_NOTICE_INTERVAL_MINUTES * 60_000,
    },
    publicUrl,
    secrets: secretValues(given),
    machine: { searchPath: given.PATH ?? '', cacheDir: userCacheDir(given), configDir: userConfigDir(given) },
  } satisfies Config);
}

function wrongValue(given: Record<string, string>, name: PropertyKey | undefined): ConfigurationError {
  const variable = String(name);
  const entry: Variable | undefined = isVariable(variable) ? variables[variable] : undefined;
  const value = given[variable] ?? '';
  const shown = entry?.secret ? `a value of ${value.length} characters (not shown)` : JSON.stringify(value);
  return new ConfigurationError(variable, `${variable} must be ${entry?.rule ?? 'valid'}; given: ${shown}`);
}

/** Also each of several that are separated by commas, and the password within an address. */
function secretValues(given: Record<string, string>): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const entry: Variable | undefined = isVariable(name) ? variables[name] : undefined;
    if (!entry?.secret) return [];
    return [value, ...value.split(',').map((part) => part.trim()), passwordOf(value)].filter((text) => text !== '');
  });
}

function isVariable(name: string): name is VariableName {
  return Object.hasOwn(variables, name);
}

function artifactFolder(given: string | undefined, dataDir: string): string {
  if (given === undefined) {
    return resolve(dataDir, 'artifacts');
  }
  if (given.startsWith('s3:')) {
    throw new ConfigurationError('AOL_ARTIFACTS', `AOL_ARTIFACTS: s3: is not supported yet; use file:<folder>`);
  }
  if (!given.startsWith('file://')) {
    return resolve(given.slice('file:'.length));
  }
  try {
    return fileURLToPath(given);
  } catch (thrown) {
    const shown = JSON.stringify(given);
    throw new ConfigurationError('AOL_ARTIFACTS', `AOL_ARTIFACTS must be file:<folder>; given: ${shown}`, {
      cause: thrown,
    });
  }
}

/** Freezes plain objects and arrays all the way down. Bytes (certificates) cannot be frozen by the language. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    for (const member of Object.values(value)) {
      deepFreeze(member);
    }
    Object.freeze(value);
  }
  return value;
}
