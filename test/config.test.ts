import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadConfig, maskPassword } from '../src/config/index.ts';
import type { Variable } from '../src/config/variable.ts';
import { variables } from '../src/config/variables.ts';
import { ConfigurationError } from '../src/domain/errors.ts';
import { parseWebhookAllow } from '../src/domain/webhook-settings.ts';

/** No profile of the person who runs the tests may matter. */
const bare = { HOME: '/nonexistent', PATH: '/usr/bin' };
const longToken = 'x'.repeat(32);
const signingSecret = (byteCount: number) => `whsec_${Buffer.alloc(byteCount, 7).toString('base64')}`;

function refusal(env: Record<string, string>): ConfigurationError {
  try {
    loadConfig({ ...bare, ...env });
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) {
      return thrown;
    }
    throw thrown;
  }
  throw new Error(`accepted: ${JSON.stringify(env)}`);
}

describe('the environment', () => {
  test('nothing set gives the documented defaults', () => {
    expect(loadConfig(bare)).toEqual({
      proofMode: true,
      logLevel: 'info',
      dataDir: resolve('.aol'),
      artifacts: { kind: 'file', folder: resolve('.aol/artifacts') },
      approvalTtlMs: 7 * 24 * 3_600_000,
      database: { url: undefined },
      temporal: { address: undefined, namespace: 'default', connection: expect.any(Object) },
      payloadKeys: [],
      tracing: false,
      notices: { destinations: [], everyMs: 600_000 },
      publicUrl: 'http://127.0.0.1:8321',
      secrets: [],
      api: {
        host: '127.0.0.1',
        port: 8321,
        behindTls: false,
        proxies: [],
        callsPerMinute: 60_000,
        maxQueued: 1_000_000,
        oidc: undefined,
      },
      setVariables: [],
      tokens: { admin: undefined, operator: undefined, viewer: undefined },
      client: { url: undefined, token: undefined },
      adapterFiles: [],
      webhook: { allow: '', signingSecrets: [] },
      accountsFile: undefined,
      secretsKeys: [],
      local: { temporalPort: 7233, temporalUiPort: 8233, postgresPort: 54321 },
      machine: {
        searchPath: '/usr/bin',
        cacheDir: '/nonexistent/.cache/aol',
        configDir: '/nonexistent/.config/aol',
      },
    });
  });

  test('only AOL_PROOF_MODE=0 leaves proof mode, and what is neither 0 nor 1 stops the start', () => {
    expect(loadConfig({ ...bare, AOL_PROOF_MODE: '0' }).proofMode).toBe(false);
    expect(loadConfig({ ...bare, AOL_PROOF_MODE: '1' }).proofMode).toBe(true);
    expect(loadConfig({ ...bare, AOL_PROOF_MODE: '' }).proofMode).toBe(true);
    for (const wrong of ['false', 'true', 'no', ' 0', '00', 'off', 'REAL']) {
      expect(refusal({ AOL_PROOF_MODE: wrong }).variable).toBe('AOL_PROOF_MODE');
    }
  });

  test('an empty string counts as unset, for every variable', () => {
    const empty = Object.fromEntries(Object.keys(variables).map((name) => [name, '']));
    expect(loadConfig({ ...bare, ...empty })).toEqual(loadConfig(bare));
  });

  test.each([
    ['DATABASE_URL', 'mysql://localhost/aol'],
    ['DATABASE_URL', 'localhost:5432'],
    ['DATABASE_URL', 'postgresql://aol:50%off@127.0.0.1/aol'],
    ['DATABASE_URL', 'postgresql://100%@127.0.0.1/aol'],
    ['DATABASE_URL', 'postgresql://aol:x@127.0.0.1/a%zz'],
    ['AOL_API_URL', 'aol.example'],
    ['AOL_API_URL', 'http://aol.example'],
    ['AOL_API_URL', 'http://127.0.0.1.aol.example'],
    ['AOL_API_URL', 'http://10.0.0.5:8321'],
    ['AOL_API_URL', 'https://me:secret@aol.example'],
    ['AOL_API_URL', 'https://aol.example/?x=1'],
    ['AOL_TOKEN', 'short'],
    ['AOL_TEMPORAL_UI_URL', 'localhost:8233'],
    ['AOL_API_PORT', '0'],
    ['AOL_API_PORT', '65536'],
    ['AOL_API_PORT', '80a'],
    ['AOL_TEMPORAL_PORT', '-1'],
    ['AOL_TEMPORAL_UI_PORT', '1.5'],
    ['AOL_POSTGRES_PORT', 'five'],
    ['AOL_API_HOST', 'http://0.0.0.0'],
    ['AOL_API_TLS', 'yes'],
    ['AOL_API_PROXIES', 'proxy.example'],
    ['AOL_API_PROXIES', '10.0.0.0/33'],
    ['AOL_API_PROXIES', '10.0.0.1;10.0.0.2'],
    ['AOL_OIDC_ISSUER', 'id.example'],
    ['AOL_OIDC_ISSUER', 'http://id.example'],
    ['AOL_OIDC_ISSUER', 'https://me:secret@id.example'],
    ['AOL_OIDC_ROLES', 'ops'],
    ['AOL_OIDC_ROLES', 'bots=agent'],
    ['AOL_API_RATE', '-1'],
    ['AOL_MAX_QUEUED', '0'],
    ['AOL_LOG_LEVEL', 'verbose'],
    ['AOL_ARTIFACTS', '/var/artifacts'],
    ['AOL_ARTIFACTS', 's3://bucket'],
    ['AOL_ARTIFACTS', 'file://host/share'],
    ['AOL_ADMIN_TOKEN', 'short'],
    ['AOL_OPERATOR_TOKEN', `${longToken} `],
    ['AOL_PAYLOAD_KEY', 'c2hvcnQ='],
    ['AOL_WORKER_METRICS', '9464'],
    ['AOL_WORKER_METRICS', 'localhost:9464'],
    ['AOL_WORKER_METRICS', '127.0.0.1:99999'],
    ['AOL_PUBLIC_URL', 'aol.example'],
    ['AOL_PUBLIC_URL', 'ftp://aol.example'],
    ['AOL_PUBLIC_URL', 'https://aol.example/tools/aol/'],
    ['AOL_PUBLIC_URL', 'https://aol.example/?a=b'],
    ['AOL_PAYLOAD_KEY', `${Buffer.alloc(32).toString('base64')},`],
    ['AOL_SECRETS_KEY', 'c2hvcnQ='],
    ['AOL_ACCOUNTS', 'a\0b'],
    ['AOL_NOTICES', 'ops@example.com'],
    ['AOL_NOTICES', 'mailto:ops@example.com,'],
    ['AOL_NOTICE_INTERVAL_MINUTES', '0'],
    ['AOL_NOTICE_INTERVAL_MINUTES', '1441'],
    ['AOL_WEBHOOK_ALLOW', '127.0.0.1'],
    ['AOL_WEBHOOK_ALLOW', '127.0.0.1:0'],
    ['AOL_WEBHOOK_ALLOW', '127.0.0.1:65536'],
    ['AOL_WEBHOOK_ALLOW', '::1:9000'],
    ['AOL_WEBHOOK_ALLOW', 'http://127.0.0.1:9000'],
    ['AOL_WEBHOOK_ALLOW', '10.0.0.0/8'],
    ['AOL_WEBHOOK_ALLOW', '*:9000'],
    ['AOL_WEBHOOK_ALLOW', '127.0.0.1:9000,'],
    ['AOL_WEBHOOK_SECRET', 'x'.repeat(40)],
    ['AOL_WEBHOOK_SECRET', signingSecret(23)],
    ['AOL_WEBHOOK_SECRET', signingSecret(65)],
    ['AOL_WEBHOOK_SECRET', [24, 25, 26].map(signingSecret).join(',')],
    ['TEMPORAL_ADDRESS', 'localhost'],
    ['TEMPORAL_TLS', 'yes'],
    ['TEMPORAL_PROFILE', 'nowhere'],
    ['TEMPORAL_TLS_CLIENT_CERT_PATH', '/nonexistent/cert.pem'],
  ])('%s=%s is refused by name', (name, value) => {
    const error = refusal({ [name]: value });
    expect(error.variable).toBe(name);
    expect(error.message).toContain(name);
  });

  test('a token leaves this machine by https only', () => {
    const url = (value: string) => loadConfig({ ...bare, AOL_API_URL: value }).client.url;
    expect(url('https://aol.example/')).toBe('https://aol.example');
    expect(url('https://aol.example/tools/aol/')).toBe('https://aol.example/tools/aol');
    for (const here of ['http://127.0.0.1:9000', 'http://[::1]:9000', 'http://localhost:9000', 'http://127.1.2.3:1']) {
      expect(url(here)).toBe(here);
    }
  });

  test('people sign in with all four variables or with none, and behind TLS with the address that they come back to', () => {
    const all = {
      AOL_OIDC_ISSUER: 'https://id.example/realms/a/',
      AOL_OIDC_CLIENT_ID: 'aol',
      AOL_OIDC_CLIENT_SECRET: 'hunter2',
      AOL_OIDC_ROLES: 'ops=operator',
    };
    const publicUrl = 'https://aol.example';
    const { api, secrets } = loadConfig({ ...bare, ...all, AOL_PUBLIC_URL: publicUrl, AOL_API_TLS: 'proxied' });
    expect(api.oidc).toEqual({
      issuer: 'https://id.example/realms/a/',
      clientId: 'aol',
      clientSecret: 'hunter2',
      roles: [{ group: 'ops', role: 'operator' }],
      publicUrl,
    });
    expect(secrets).toContain('hunter2');
    for (const name of Object.keys(all)) expect(refusal({ ...all, [name]: '' }).variable).toBe(name);
    expect(refusal({ ...all, AOL_API_TLS: 'proxied' }).variable).toBe('AOL_PUBLIC_URL');
  });

  test('a password is a secret as it is written and as it is meant; what is no address is one as a whole', () => {
    const env = { ...bare, DATABASE_URL: 'postgresql://me:50%25off@db/aol', TEMPORAL_API_KEY: 'postgresql://a:b%zz@c' };
    expect(loadConfig(env).secrets).toEqual(expect.arrayContaining(['50%off', env.DATABASE_URL, env.TEMPORAL_API_KEY]));
  });

  test('the password of the database may stand in a file of its own, and is a secret too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'aol-pass-'));
    const PGPASSFILE = join(folder, 'pgpass');
    writeFileSync(PGPASSFILE, '# a note\nother:5432:aol:me:wrong\n*:*:aol:me:a\\:b@\\\\c\n');
    const { database, secrets } = loadConfig({ ...bare, PGPASSFILE, DATABASE_URL: 'postgresql://me@db/aol' });
    expect(decodeURIComponent(new URL(database.url ?? '').password)).toBe('a:b@\\c');
    expect(secrets).toContain('a:b@\\c');
    const urlOf = (DATABASE_URL: string) => loadConfig({ ...bare, PGPASSFILE, DATABASE_URL }).database.url;
    expect(urlOf('postgresql://me:own@db/aol')).toBe('postgresql://me:own@db/aol');
    expect(urlOf('postgresql://somebody@db/aol')).toBe('postgresql://somebody@db/aol');
    rmSync(folder, { recursive: true });
    expect(refusal({ PGPASSFILE, DATABASE_URL: 'postgresql://me@db/aol' }).message).toContain('PGPASSFILE');
  });

  test('a wrong secret is named but never shown', () => {
    expect(refusal({ AOL_VIEWER_TOKEN: 'hunter2' }).message).not.toContain('hunter2');
    expect(refusal({ AOL_WEBHOOK_SECRET: 'whsec_hunter2' }).message).not.toContain('hunter2');
    expect(refusal({ DATABASE_URL: 'postgrse://me:hunter2@db/aol' }).message).not.toContain('hunter2');
  });

  test("Temporal's own variables reach the connection", () => {
    const { temporal } = loadConfig({
      ...bare,
      TEMPORAL_ADDRESS: 'temporal.example:7233',
      TEMPORAL_NAMESPACE: 'marketing',
      TEMPORAL_API_KEY: 'k',
    });
    expect(temporal).toMatchObject({ address: 'temporal.example:7233', namespace: 'marketing' });
    expect(temporal.connection).toMatchObject({ address: 'temporal.example:7233', apiKey: 'k', tls: true });
  });

  test('webhooks: what may be reached, and one or two secrets', () => {
    const allow = '127.0.0.1:9000, [::1]:9000,internal.example:443';
    const secrets = [24, 32, 63, 64].map(signingSecret);
    for (const signingSecrets of [secrets.slice(0, 1), secrets.slice(1, 3), secrets.slice(3)]) {
      const env = { ...bare, AOL_WEBHOOK_ALLOW: allow, AOL_WEBHOOK_SECRET: signingSecrets.join(',') };
      expect(loadConfig(env).webhook).toEqual({ allow, signingSecrets });
    }
    expect(parseWebhookAllow(`${allow},0x7f.1:09000,[::FFFF:127.0.0.1]:1,Internal.Example.:443`)).toEqual([
      '127.0.0.1:9000',
      '[::1]:9000',
      'internal.example:443',
      '127.0.0.1:9000',
      '[::ffff:7f00:1]:1',
      'internal.example:443',
    ]);
  });

  test('the result is frozen all the way down', () => {
    const config = loadConfig(bare);
    for (const part of [
      config,
      config.api,
      config.temporal,
      config.temporal.connection,
      config.artifacts,
      config.webhook,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test('a database address is shown without its secrets', () => {
    expect(maskPassword('postgresql://me:hunter2@db/aol?sslpassword=h3')).toBe(
      'postgresql://me:***@db/aol?sslpassword=***',
    );
  });

  test('.env.example lists exactly the variables that are read, with their defaults', () => {
    const lines = readFileSync(new URL('../.env.example', import.meta.url), 'utf8').split('\n');
    const listed = lines.flatMap((line) => /^#?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line)?.slice(1, 3) ?? []);
    const names = listed.filter((_, index) => index % 2 === 0);
    expect([...names].sort()).toEqual(Object.keys(variables).sort());
    for (const [index, name] of names.entries()) {
      const value = listed[index * 2 + 1];
      const variable: Variable | undefined = Object.entries(variables).find(([known]) => known === name)?.[1];
      if (value !== '') {
        expect({ name, value }).toEqual({ name, value: variable?.defaultText });
      }
    }
  });
});
