/** A canary in every credential, in addresses too: it stands nowhere but at its provider, which says back all that it was told. */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sentTo, startEcho } from '../support/echo.ts';
import { png } from '../support/pictures.ts';
import { type Product, startProduct } from '../support/product.ts';
import { type ProviderServer, type SmtpServer, startSmtpServer } from '../support/providers/index.ts';
import { BLUESKY_PASSWORD, CHANNELS, SPEECHES, secretsOf, secretVariable } from '../support/speeches.ts';
import { startTraceReceiver, type TraceReceiver } from '../support/trace-receiver.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const LIMIT_MS = 120_000;
const CANARY = 'canary-5d1f';
const SESSION = { access: `${CANARY}-session-access`, refresh: `${CANARY}-session-refresh` };
const HOOK = `${CANARY}hook`;
const DISCORD_HOOK = `${CANARY}-discord-hook`;
const MAIL_PASSWORD = `${CANARY}-mail/p@ss`;

const secrets = secretsOf(SPEECHES, CANARY);
let product: Product;
let folder: string;
let smtp: SmtpServer;
let traces: TraceReceiver;
let env: Record<string, string>;
/** Refuses each request, and takes each. */
let servers: Readonly<Record<'refuses' | 'takes', ProviderServer>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aol-canaries-'));
  [smtp, traces] = await Promise.all([startSmtpServer(), startTraceReceiver()]);
  const [refuses, takes] = await Promise.all([startEcho(400, SESSION), startEcho(200, SESSION)]);
  servers = { refuses, takes };
  const mailSecret = Buffer.from(`\0mailer\0${MAIL_PASSWORD}`).toString('base64');
  smtp.misbehave({ at: 'auth', how: 'reply', reply: `535 5.7.8 no: ${mailSecret} ${MAIL_PASSWORD}`, times: 9 });
  const entries = Object.entries(servers).flatMap(([how, { port }]) => [
    ...SPEECHES.map(({ provider, entry }) => {
      const host = `127.0.0.1:${provider === 'smtp' ? smtp.port : port}`;
      return [`${how}-${provider}`, entry?.(host)] as const;
    }),
    [
      `${how}-slack-hook`,
      { provider: 'slack', webhookUrl: { env: `SLACK_${how}`.toUpperCase() }, channel: CHANNELS.slack },
    ] as const,
    [
      `${how}-discord-hook`,
      {
        provider: 'discord',
        server: `http://127.0.0.1:${port}`,
        webhookUrl: { env: `DISCORD_${how}`.toUpperCase() },
        channel: CHANNELS.discord,
      },
    ] as const,
  ]);
  const withServers = entries.map(([name, entry]) =>
    name.endsWith('slack-hook')
      ? [name, { ...entry, server: `http://127.0.0.1:${name.startsWith('takes') ? takes.port : refuses.port}` }]
      : [name, entry],
  );
  const file = join(folder, 'aol.accounts.yaml');
  await writeFile(file, JSON.stringify(Object.fromEntries(withServers)));
  const hooks = Object.entries(servers).flatMap(([how, { url }]) => [
    [`SLACK_${how}`.toUpperCase(), `${url}/services/T0/B0/${HOOK}`],
    [`DISCORD_${how}`.toUpperCase(), `${url}/api/webhooks/1290000000000000002/${DISCORD_HOOK}`],
  ]);
  env = {
    AOL_PROOF_MODE: '0',
    AOL_LOG_LEVEL: 'debug',
    AOL_ACCOUNTS: file,
    AOL_SECRETS_KEY: randomBytes(32).toString('base64'),
    OTEL_EXPORTER_OTLP_ENDPOINT: traces.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    SMTP_URL: `smtp://mailer:${encodeURIComponent(MAIL_PASSWORD)}@127.0.0.1:${smtp.port}`,
    SMTP_FROM: 'shop@brand.example',
    ...secrets,
    ...Object.fromEntries(hooks),
  };
  product = await startProduct(env);
  await product.client.patchFlags({ flags: { proof_only: false, tick_interval_ms: 0, max_actions_per_tick: 50 } });
}, LIMIT_MS);
afterAll(async () => {
  await product?.close();
  await Promise.all([smtp?.close(), traces?.close(), ...Object.values(servers ?? {}).map((server) => server.close())]);
  await rm(folder, { recursive: true, force: true });
}, LIMIT_MS);

test(
  'a canary in every credential stands nowhere',
  async () => {
    const { client, db } = product;
    const { sha256 } = await client.putBlob(png(40, 30), 'image/png');
    const hook = (service: 'slack' | 'discord') => ({ service, channel: CHANNELS[service], text: 'a canary' });
    const wanted = Object.keys(servers).flatMap((how) => [
      ...SPEECHES.map(({ provider, type, payload }) => ({
        type,
        payload: { ...payload('a canary', sha256), account: `${how}-${provider}` },
      })),
      { type: 'POST_CHAT', payload: { ...hook('slack'), account: `${how}-slack-hook` } },
      { type: 'POST_CHAT', payload: { ...hook('discord'), account: `${how}-discord-hook` } },
    ]);
    const mail = { to: ['ada@example.com'], subject: 'a canary', text: 'a canary', account: 'default' };
    const actions = [...wanted, { type: 'SEND_EMAIL', payload: mail }];
    for (const action of actions) await client.enqueue({ ...action, mode: 'REAL' });
    const rows = await until(
      'each was tried',
      async () => {
        const { items } = await client.listActions({ limit: 50 });
        const isTried = items.filter(({ attempts, lastError }) => attempts > 0 || lastError !== null);
        return isTried.length === actions.length && items;
      },
      60_000,
    );
    // The canaries did leave: to their providers, where they belong.
    const told = Object.values(servers).flatMap((server) =>
      server.seen().map((one) => JSON.stringify(one.headers) + one.path),
    );
    for (const name of [HOOK, DISCORD_HOOK, SESSION.access, secrets[secretVariable('slack', 'botToken')] ?? '']) {
      expect([name, told.some((text) => text.includes(name))]).toEqual([name, true]);
    }
    expect(sentTo(servers.takes).length).toBeGreaterThan(SPEECHES.length);
    await client.checkAccount('refuses-slack');

    const answers: unknown[] = [
      await client.status(),
      await client.listAccounts(),
      await client.listAdapters(),
      await client.metrics(),
      await client.listTicks(),
      await client.listLogs({ limit: 200 }),
    ];
    for (const { id } of rows) {
      answers.push(await client.getAction(id), await client.getLogs(id));
      answers.push(await client.getArtifact(id).then(({ bytes }) => Buffer.from(bytes).toString('utf8'), String));
    }
    answers.push(await client.enqueue({ type: 'NO_SUCH_TYPE', payload: {} }).catch(String));
    const help = await Promise.all(
      [['--help'], ['accounts', '--help'], ['worker', '--help']].map(async (args) => {
        const { stdout, stderr } = await run(process.execPath, [main, ...args], { env: { ...env, PATH: '/usr/bin' } });
        return stdout + stderr;
      }),
    );
    const { rows: tables } = await db.query<{ name: string }>(
      `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    const dumped = await Promise.all(
      tables.map(async ({ name }) => (await db.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)).rows),
    );
    const places: Readonly<Record<string, string>> = {
      answers: JSON.stringify(answers),
      'log of the worker': product.log('worker').join('\n'),
      'log of the API': product.log('api').join('\n'),
      help: help.join('\n'),
      database: JSON.stringify(dumped),
      files: await filesIn(product.dataDir),
      history: await histories(),
      traces: traces.text(),
    };
    const canaries = [...Object.values(secrets), SESSION.access, SESSION.refresh, HOOK, DISCORD_HOOK, MAIL_PASSWORD];
    const base64 = (text: string) => Buffer.from(text).toString('base64').replace(/=+$/u, '');
    for (const [place, text] of Object.entries(places)) {
      expect([place, text.length > 100]).toEqual([place, true]);
      for (const canary of canaries) {
        for (const form of [canary, encodeURIComponent(canary), base64(canary), base64(`\0mailer\0${canary}`)]) {
          const at = text.indexOf(form);
          expect([place, canary, at < 0 ? '' : text.slice(Math.max(0, at - 200), at + 100)]).toEqual([
            place,
            canary,
            '',
          ]);
        }
      }
      expect([place, text.includes(BLUESKY_PASSWORD)]).toEqual([place, false]);
    }
  },
  LIMIT_MS,
);

async function filesIn(of: string): Promise<string> {
  const entries = await readdir(of, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}

/** Every event of every run, with what its payloads say. */
async function histories(): Promise<string> {
  const texts: string[] = [];
  for await (const { workflowId, runId } of product.gateway.client.workflow.list()) {
    const history = await product.gateway.client.workflow.getHandle(workflowId, runId).fetchHistory();
    texts.push(...textsIn(history));
  }
  return texts.join('\n');
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('utf8')];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
