/** A canary in every credential, in addresses too: it stands nowhere but at its provider, which says back all that it was told. */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sentTo, startEcho } from '../support/echo.ts';
import { databaseText, filesText, historyText } from '../support/everywhere.ts';
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
  const entries = Object.entries(servers).flatMap(([how, { port }]) => {
    const host = `127.0.0.1:${port}`;
    const hook = (service: 'slack' | 'discord') => ({
      provider: service,
      server: `http://${host}`,
      webhookUrl: { env: `${service}_${how}`.toUpperCase() },
      channel: CHANNELS[service],
    });
    return [
      ...SPEECHES.map(({ provider, entry }) => {
        const there = provider === 'smtp' ? `127.0.0.1:${smtp.port}` : host;
        return [`${how}-${provider}`, entry?.(there)] as const;
      }),
      [`${how}-slack-hook`, hook('slack')] as const,
      [`${how}-discord-hook`, hook('discord')] as const,
    ];
  });
  const file = join(folder, 'aol.accounts.yaml');
  await writeFile(file, JSON.stringify(Object.fromEntries(entries)));
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
        payload: { ...payload('a canary', sha256, ''), account: `${how}-${provider}` },
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
    const places: Readonly<Record<string, string>> = {
      answers: JSON.stringify(answers),
      'log of the worker': product.log('worker').join('\n'),
      'log of the API': product.log('api').join('\n'),
      help: help.join('\n'),
      database: await databaseText(db),
      files: await filesText(product.dataDir),
      history: await historyText(product.gateway),
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
