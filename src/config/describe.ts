import type { Config } from './config.ts';

const masked = '(set, not shown)';

/** The configuration for a person or a log: plain JSON, secrets masked. */
export function describeConfig(config: Config): Record<string, unknown> {
  const { connection } = config.temporal;
  return {
    proofMode: config.proofMode,
    logLevel: config.logLevel,
    dataDir: config.dataDir,
    artifacts: `file:${config.artifacts.folder}`,
    database: config.database.url === undefined ? 'embedded' : maskPassword(config.database.url),
    temporal: {
      address: config.temporal.address ?? 'embedded',
      namespace: config.temporal.namespace,
      apiKey: connection.apiKey === undefined ? undefined : masked,
      tls: connection.tls !== undefined && connection.tls !== null && connection.tls !== false,
    },
    payloadKeys: config.payloadKeys.length === 0 ? 'unset' : masked,
    api: config.api,
    tokens: Object.fromEntries(
      Object.entries(config.tokens).map(([role, token]) => [role, token === undefined ? 'generated' : masked]),
    ),
    client: { url: config.client.url ?? 'unset', token: config.client.token === undefined ? 'unset' : masked },
    webhook: {
      allow: config.webhook.allow,
      signingSecrets: config.webhook.signingSecrets.length === 0 ? 'unset' : masked,
    },
    workerMetrics: config.workerMetrics ?? 'off',
    tracing: config.tracing,
    publicUrl: config.publicUrl,
    local: config.local,
  };
}

/** A database address without its password, also when that is given as a parameter. */
export function maskPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  if (url.password !== '') {
    url.password = '***';
  }
  for (const name of [...url.searchParams.keys()]) {
    if (/pass|key|secret|token/i.test(name)) {
      url.searchParams.set(name, '***');
    }
  }
  return url.href;
}
