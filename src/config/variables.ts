import { isIP } from 'node:net';
import { z } from 'zod';
import { isPrivateWay } from '../domain/addresses.ts';
import { AGE_RULE, parseAgeMs } from '../domain/ages.ts';
import { DEFAULT_CALLS_PER_MINUTE, DEFAULT_MAX_QUEUED } from '../domain/limits.ts';
import { parsePayloadKeys } from '../domain/payload-keys.ts';
import { parseSigningSecrets, parseWebhookAllow } from '../domain/webhook-settings.ts';
import { isPostgresUrl } from './database-url.ts';
import { notices } from './notice-variables.ts';
import { oidc } from './oidc-variables.ts';
import { providers } from './provider-variables.ts';
import { temporal } from './temporal-variables.ts';
import type { Area, Reader, Variable } from './variable.ts';

const text = z.string().optional();

const port = (fallback: number) =>
  z
    .string()
    .regex(/^[0-9]{1,5}$/)
    .default(String(fallback))
    .transform(Number)
    .pipe(z.int().min(1).max(65_535));

const integer = (minimum: number, maximum: number, fallback: number) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/)
    .default(String(fallback))
    .transform(Number)
    .pipe(z.int().min(minimum).max(maximum));

/** Without a slash at the end. A name or a password has no place in it. */
const webAddress = z
  .url({ protocol: /^https?$/ })
  .refine((value) => !/[@?#]/.test(value))
  .transform((value) => value.replace(/\/+$/, ''));

const portRule = 'a port number from 1 to 65535';

const token = z
  .string()
  .min(32)
  .max(512)
  .regex(/^[\x21-\x7e]+$/)
  .optional();

const tokenRule = '32 to 512 printable ASCII characters without spaces';

const database = {
  DATABASE_URL: {
    schema: z.string().refine(isPostgresUrl).optional(),
    rule: 'an address like postgresql://user:password@host:5432/name, with % in the password written as %25',
    defaultText: 'unset',
    meaning: 'Address of PostgreSQL. Unset: an embedded PostgreSQL is started, its data in AOL_DATA_DIR.',
    secret: true,
  },
} as const satisfies Record<string, Variable>;

const unset = 'unset';

const engine = {
  AOL_PROOF_MODE: {
    readBy: ['worker', 'command line'],
    schema: z
      .enum(['0', '1'])
      .default('1')
      .transform((value) => value === '1'),
    rule: "'1' (proofs only) or '0' (the worker's half of unlocking REAL)",
    defaultText: '1',
    meaning:
      '1: proofs only. 0: this worker may perform REAL actions, in lanes whose proof_only an admin has set to false.',
  },
  AOL_DATA_DIR: {
    readBy: ['API', 'worker', 'command line'],
    schema: z
      .string()
      .refine((value) => !value.includes('\0'))
      .default('.aol'),
    rule: 'a folder',
    defaultText: '.aol',
    meaning: "The embedded servers' data, artifacts and generated tokens.",
  },
  AOL_ARTIFACTS: {
    readBy: ['API', 'worker', 'command line'],
    schema: z
      .string()
      .regex(/^(file|s3):./)
      .optional(),
    rule: 'file:<folder>',
    defaultText: 'file:<AOL_DATA_DIR>/artifacts',
    meaning: 'Where artifacts are stored.',
  },
  AOL_ADAPTERS: {
    schema: z
      .string()
      .transform((value) => value.split(',').map((file) => file.trim()))
      .refine((files) => files.every((file) => file !== '' && !file.includes('\0')))
      .optional(),
    rule: 'files, separated by commas',
    defaultText: unset,
    meaning: 'Modules with adapters of your own, such as ./my-adapter.js. Worker and API load the same.',
  },
  AOL_RETENTION: {
    readBy: ['worker', 'command line'],
    schema: z
      .string()
      .refine((value) => parseAgeMs(value) !== undefined)
      .transform((value) => parseAgeMs(value) ?? 0)
      .optional(),
    rule: AGE_RULE,
    defaultText: unset,
    meaning: 'How long finished actions are kept. Unset: for ever; `aol prune` deletes them by hand.',
  },
  AOL_APPROVAL_TTL: {
    schema: z
      .string()
      .refine((value) => parseAgeMs(value) !== undefined)
      .default('7d')
      .transform((value) => parseAgeMs(value) ?? 0),
    rule: AGE_RULE,
    defaultText: '7d',
    meaning: 'How long a person has to approve an action that waits for it. After that it is cancelled.',
  },
  AOL_LOG_LEVEL: {
    schema: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    rule: 'debug, info, warn or error',
    defaultText: 'info',
    meaning: 'How much the worker and the API write to their logs.',
  },
} as const satisfies Record<string, Variable>;

const api = {
  AOL_API_HOST: {
    readBy: ['API', 'command line'],
    schema: z
      .string()
      .max(253)
      .regex(/^[A-Za-z0-9._:-]+$/)
      .default('127.0.0.1'),
    rule: 'a host name or an IP address',
    defaultText: '127.0.0.1',
    meaning: 'Where the API and the dashboard listen.',
  },
  AOL_API_PORT: {
    readBy: ['API', 'command line'],
    schema: port(8321),
    rule: portRule,
    defaultText: '8321',
    meaning: 'Port of API and dashboard.',
  },
  AOL_API_TLS: {
    schema: z.enum(['proxied']).optional(),
    rule: 'proxied, or unset',
    defaultText: unset,
    meaning: 'proxied: a proxy in front ends TLS. Without it the API binds to this machine only.',
  },
  AOL_API_PROXIES: {
    schema: z.string().refine(areNetworks).optional(),
    rule: 'addresses or networks, separated by commas: 10.0.0.7,10.1.0.0/16',
    defaultText: unset,
    meaning: 'Proxies whose X-Forwarded-For is believed. From anybody else that header is ignored.',
  },
  AOL_API_RATE: {
    schema: integer(0, 10_000_000, DEFAULT_CALLS_PER_MINUTE),
    rule: 'a number from 0 to 10000000',
    defaultText: String(DEFAULT_CALLS_PER_MINUTE),
    meaning: 'How many calls a minute one token may make in each API process. 0: no limit, for wrong tokens neither.',
  },
  AOL_MAX_QUEUED: {
    schema: integer(1, 100_000_000, DEFAULT_MAX_QUEUED),
    rule: 'a number from 1 to 100000000',
    defaultText: String(DEFAULT_MAX_QUEUED),
    meaning: 'How many actions may wait in all lanes together. More are refused with 429.',
  },
  AOL_ADMIN_TOKEN: {
    readBy: ['API', 'command line'],
    schema: token,
    rule: tokenRule,
    defaultText: 'generated into AOL_DATA_DIR',
    meaning: 'Bearer token of the admin.',
    secret: true,
  },
  AOL_OPERATOR_TOKEN: {
    readBy: ['API', 'command line'],
    schema: token,
    rule: tokenRule,
    defaultText: 'generated into AOL_DATA_DIR',
    meaning: 'Bearer token of the operator.',
    secret: true,
  },
  AOL_VIEWER_TOKEN: {
    readBy: ['API', 'command line'],
    schema: token,
    rule: tokenRule,
    defaultText: 'generated into AOL_DATA_DIR',
    meaning: 'Bearer token of the viewer.',
    secret: true,
  },
} as const satisfies Record<string, Variable>;

/** For what calls a server: the command line, `aol mcp`, programs. */
const client = {
  AOL_API_URL: {
    schema: webAddress.refine(isPrivateWay).optional(),
    rule: 'an address like https://aol.example; http:// only to this machine (127.0.0.1, [::1], localhost)',
    defaultText: unset,
    meaning: 'Which AOL the command line and programs talk to, with AOL_TOKEN. Unset: the one of this machine.',
  },
  AOL_TOKEN: {
    schema: token,
    rule: tokenRule,
    defaultText: unset,
    meaning:
      'The token for AOL_API_URL. Unset: the admin’s of this machine, or the one of the context in use. `aol mcp` needs one of the role agent.',
    secret: true,
  },
} as const satisfies Record<string, Variable>;

const local = {
  AOL_TEMPORAL_PORT: {
    schema: port(7233),
    rule: portRule,
    defaultText: '7233',
    meaning: 'Port of the embedded Temporal server.',
  },
  AOL_TEMPORAL_UI_PORT: {
    schema: port(8233),
    rule: portRule,
    defaultText: '8233',
    meaning: "Port of the embedded Temporal server's web page.",
  },
  AOL_TEMPORAL_UI_URL: {
    readBy: ['API'],
    schema: webAddress.optional(),
    rule: 'an address like https://cloud.temporal.io',
    defaultText: unset,
    meaning:
      'Address of Temporal’s web page, for links to it. Unset: the embedded server’s page; for another server there are no links.',
  },
  AOL_POSTGRES_PORT: {
    schema: port(54_321),
    rule: portRule,
    defaultText: '54321',
    meaning: 'Port of the embedded PostgreSQL.',
  },
} as const satisfies Record<string, Variable>;

const adapters = {
  AOL_WEBHOOK_ALLOW: {
    schema: z
      .string()
      .refine((value) => parseWebhookAllow(value) !== undefined)
      .optional(),
    rule: 'host:port, more of them separated by commas',
    defaultText: 'unset',
    meaning: 'Hosts and ports inside private ranges that CALL_WEBHOOK may reach, written as in its addresses.',
  },
  AOL_WEBHOOK_SECRET: {
    schema: z
      .string()
      .transform((value) => parseSigningSecrets(value))
      .pipe(z.array(z.string()))
      .optional(),
    rule: 'one secret, or two separated by a comma: whsec_ and 24 to 64 bytes in base64',
    defaultText: 'unset',
    meaning: 'Signs webhooks (Standard Webhooks). Two while it is rotated. Unset: webhooks are not signed.',
    secret: true,
  },
  AOL_ACCOUNTS: {
    schema: z
      .string()
      .refine((value) => !value.includes('\0'))
      .optional(),
    rule: 'the path of a YAML file',
    defaultText: 'aol.accounts.yaml if it is there',
    meaning: 'File of accounts: on whose behalf effects are performed. It names secrets, and holds none.',
  },
  AOL_SECRETS_KEY: {
    schema: z
      .string()
      .transform((value) => parsePayloadKeys(value))
      .pipe(z.array(z.instanceof(Uint8Array)))
      .optional(),
    rule: '32 bytes in base64, up to ten of them separated by commas',
    defaultText: 'made by aol up, in AOL_DATA_DIR',
    meaning: 'Encrypts tokens that providers rotate: the first key encrypts, all decrypt. All workers need the same.',
    secret: true,
  },
} as const satisfies Record<string, Variable>;

const observability = {
  AOL_WORKER_METRICS: {
    readBy: ['worker'],
    schema: z
      .string()
      .regex(/^(\[[0-9A-Fa-f:]+\]|[0-9]{1,3}(\.[0-9]{1,3}){3}):[0-9]{1,5}$/)
      .refine((value) => URL.canParse(`http://${value}`))
      .optional(),
    rule: 'an IP address and a port, such as 127.0.0.1:9464',
    defaultText: unset,
    meaning:
      'Where a worker serves its metrics for Prometheus. Each worker of a machine needs its own. Unset: nowhere.',
  },
  AOL_PUBLIC_URL: {
    readBy: ['API', 'worker', 'command line'],
    schema: z
      .url({ protocol: /^https?$/ })
      .refine((value) => /^https?:\/\/[^/?#]+\/*$/i.test(value))
      .transform((value) => value.replace(/\/+$/, ''))
      .optional(),
    rule: 'an address like https://aol.example, without a path: the dashboard needs a host name of its own',
    defaultText: 'http://127.0.0.1:<AOL_API_PORT>',
    meaning: 'Where people reach the dashboard, for links to it.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: text,
    rule: 'an address like http://127.0.0.1:4318',
    defaultText: unset,
    meaning: 'Where traces go (OTLP). Unset, and OTEL_TRACES_EXPORTER unset too: no traces.',
  },
  OTEL_TRACES_EXPORTER: {
    schema: text,
    rule: 'otlp, zipkin, console or none',
    defaultText: unset,
    meaning: "Which exporter of OpenTelemetry sends traces; the rest of its variables are OpenTelemetry's own.",
  },
} as const satisfies Record<string, Variable>;

const everybody: readonly Reader[] = ['API', 'worker', 'command line'];

/** Every variable that this version reads, by what it is about. */
export const areas: readonly Area[] = [
  { title: 'PostgreSQL', readBy: everybody, variables: database },
  { title: 'Temporal', readBy: everybody, variables: temporal },
  { title: 'Engine', readBy: ['API', 'worker'], variables: engine },
  { title: 'API and dashboard', readBy: ['API'], variables: api },
  { title: 'Sign-in by OpenID Connect', readBy: ['API'], variables: oidc },
  { title: 'Callers of an API', readBy: ['command line'], variables: client },
  { title: 'Servers that aol up starts', readBy: ['command line'], variables: local },
  { title: 'Adapters and accounts', readBy: ['worker'], variables: adapters },
  { title: 'One account of a provider', readBy: ['worker'], variables: providers },
  { title: 'Notices', readBy: ['worker', 'command line'], variables: notices },
  { title: 'Metrics, links and traces', readBy: ['API', 'worker'], variables: observability },
];

/** The same, by name. */
export const variables = {
  ...database,
  ...temporal,
  ...engine,
  ...api,
  ...oidc,
  ...client,
  ...local,
  ...adapters,
  ...providers,
  ...notices,
  ...observability,
} as const;

export type VariableName = keyof typeof variables;

/** The one schema of the environment. Its keys are the variables' names; empty strings were removed before. */
export const environmentSchema = z.object({
  ...schemas(database),
  ...schemas(temporal),
  ...schemas(engine),
  ...schemas(api),
  ...schemas(oidc),
  ...schemas(client),
  ...schemas(local),
  ...schemas(adapters),
  ...schemas(providers),
  ...schemas(notices),
  ...schemas(observability),
});

export type Environment = z.output<typeof environmentSchema>;

type Schemas<T extends Record<string, Variable>> = { [K in keyof T]: T[K]['schema'] };

function schemas<const T extends Record<string, Variable>>(area: T): Schemas<T> {
  return Object.fromEntries(Object.entries(area).map(([name, variable]) => [name, variable.schema])) as Schemas<T>;
}

function areNetworks(text: string): boolean {
  return text.split(',').every((one) => {
    const [address = '', bits, ...more] = one.trim().split('/');
    const most = { 4: 32, 6: 128 }[isIP(address)];
    return (
      most !== undefined &&
      more.length === 0 &&
      (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
    );
  });
}
