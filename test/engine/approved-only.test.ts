/** What was approved and then changed is not sent, whoever speaks: text, picture, identity, server, version. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createArtifactStore, createBlobStoreAt } from '../../src/artifacts/index.ts';
import type { JsonObject } from '../../src/contracts/http/json.ts';
import type { ActionRow } from '../../src/db/action-row.ts';
import { approveAction } from '../../src/db/decide/approvals.ts';
import { addBlob } from '../../src/db/queue/blobs.ts';
import { canonicalJson, sha256Hex } from '../../src/domain/hashing.ts';
import { sentTo, startEcho } from '../support/echo.ts';
import { setFlag } from '../support/engine.ts';
import { png } from '../support/pictures.ts';
import { accountSettings } from '../support/provider.ts';
import { type ProviderServer, type SmtpServer, startSmtpServer } from '../support/providers/index.ts';
import { SPEECHES, type Speech, secretsOf, WEBHOOK } from '../support/speeches.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

const CHANGES = ['nothing', 'text', 'picture', 'picture-bytes', 'identity', 'server', 'version'] as const;
type Change = (typeof CHANGES)[number];

/** What can be changed of it at all. */
const isFor = ({ otherIdentity, payload }: Speech, change: Change) => {
  if (change === 'identity') return otherIdentity !== undefined;
  // A mail is a file of its own, in which its pictures are.
  if (change === 'picture-bytes' && otherIdentity?.from !== undefined) return false;
  return !change.startsWith('picture') || canonicalJson(payload('', 'PICTURE', '')).includes('PICTURE');
};
const CASES = [...SPEECHES, WEBHOOK].flatMap((speech) =>
  CHANGES.filter((change) => isFor(speech, change)).map((change) => ({ speech, change })),
);
const wordsOf = ({ speech, change }: (typeof CASES)[number]) => `${speech.provider} and ${change} changed`;

let stack: TestStack;
let http: ProviderServer;
let elsewhere: ProviderServer;
let smtp: SmtpServer;
let smtpElsewhere: SmtpServer;
beforeAll(async () => {
  quietRuntime();
  [stack, smtp, smtpElsewhere] = await Promise.all([createTestStack(), startSmtpServer(), startSmtpServer()]);
  const session = { access: 'access-token', refresh: 'refresh-token' };
  [http, elsewhere] = await Promise.all([startEcho(400, session), startEcho(400, session)]);
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'max_actions_per_tick', 100);
  await setFlag(stack.db, 'proof_only', false);
  // What the engine would never do to a row is done here.
  await stack.db.query('ALTER TABLE aol_actions DISABLE TRIGGER aol_actions_immutable');
}, 60_000);
afterAll(async () => {
  await stack?.stop();
  await Promise.all([http, elsewhere, smtp, smtpElsewhere].map((server) => server?.close()));
}, 60_000);

const hostOf = ({ provider }: Speech, there: { http: ProviderServer; smtp: SmtpServer }) =>
  `127.0.0.1:${provider === 'smtp' ? there.smtp.port : there.http.port}`;

/** Each case has an account of its own. */
function accounts(isChanged: boolean) {
  const entries = CASES.filter(({ speech }) => speech !== WEBHOOK).map(({ speech, change }) => {
    const isElsewhere = isChanged && change === 'server';
    const host = hostOf(speech, isElsewhere ? { http: elsewhere, smtp: smtpElsewhere } : { http, smtp });
    const other = isChanged && change === 'identity' ? speech.otherIdentity : {};
    return [`${speech.provider}-${change}`, { ...speech.entry?.(host), ...other }] as const;
  });
  const secrets = { ...secretsOf(SPEECHES, 'secret'), CANARY_SMTP_PASSWORD: smtp.password };
  return accountSettings(Object.fromEntries(entries), secrets);
}

async function store(bytes: Buffer): Promise<string> {
  const sha256 = await createBlobStoreAt(`file:${stack.artifactFolder}`).put(bytes);
  const size = { width: 40, height: 30 };
  await addBlob(stack.db, { sha256, mediaType: 'image/png', byteCount: bytes.byteLength, ...size, createdBy: 'test' });
  return sha256;
}

const versionSchema = z.looseObject({ adapterVersion: z.number() });
/** The hash of the same effect, by another version of its adapter. */
async function hashOfOtherVersion(uri: string): Promise<string> {
  const bytes = await createArtifactStore(`file:${stack.artifactFolder}`).get(uri);
  const effect = versionSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  return sha256Hex(Buffer.from(canonicalJson({ ...effect, adapterVersion: effect.adapterVersion + 1 })));
}

const update = (id: string, field: string, value: unknown) =>
  stack.db.query(`UPDATE aol_actions SET ${field} = $2 WHERE id = $1`, [id, value]);
/** As if it was lost with its disk: then the same has to be rendered. */
const loseArtifact = ({ id }: ActionRow) => update(id, 'artifact_uri', 'artifact:lost');

test('whoever speaks: only what nobody changed is sent', async () => {
  const secretsKeys = [randomBytes(32)];
  const webhook = { allow: `127.0.0.1:${http.port},127.0.0.1:${elsewhere.port}` };
  const first = await stack.startWorker({ proofMode: false, accounts: accounts(false), secretsKeys, webhook });
  // Each post has a picture of its own, so that one can be altered.
  const pictures = await Promise.all(CASES.map((_each, index) => store(png(40 + index, 30))));
  const another = await store(png(20, 20));
  const payloads = CASES.map(
    ({ speech, change }, index): JsonObject => ({
      ...speech.payload(wordsOf({ speech, change }), pictures[index] ?? '', hostOf(speech, { http, smtp })),
      ...(speech !== WEBHOOK && { account: `${speech.provider}-${change}` }),
    }),
  );
  const ids = await stack.enqueue(
    CASES.map(({ speech }, index) => ({
      type: speech.type,
      payload: payloads[index] ?? {},
      mode: 'REAL' as const,
      requireApproval: true,
    })),
  );
  const rows = await until('all wait for a person', async () => {
    const found = (await stack.rows()).filter(({ id }) => ids.includes(id));
    const failed = found.find(({ status }) => status === 'DLQ');
    if (failed) throw new Error(`${JSON.stringify(failed.payload)}: ${failed.last_error}`);
    return found.every(({ status }) => status === 'AWAITING_APPROVAL') && found;
  });
  expect([...sentTo(http), ...smtp.sessions()]).toEqual([]);
  await setFlag(stack.db, 'paused', true);
  await first.shutdown();

  for (const [index, { speech, change }] of CASES.entries()) {
    const row = rows.find(({ id }) => id === ids[index]);
    if (!row) throw new Error('it is gone');
    let sha256 = row.artifact_sha256 ?? '';
    if (change === 'version') {
      sha256 = await hashOfOtherVersion(String(row.artifact_uri));
      await update(row.id, 'artifact_sha256', sha256);
    }
    await approveAction(stack.db, row.id, sha256, { actor: 'a person' });
    if (change === 'text') {
      const changed = canonicalJson(payloads[index] ?? {}).replaceAll('and text changed', 'and something else');
      await update(row.id, 'payload', changed);
    }
    if (change === 'server' && speech === WEBHOOK) {
      const there = hostOf(speech, { http: elsewhere, smtp: smtpElsewhere });
      await update(row.id, 'payload', canonicalJson(speech.payload(wordsOf({ speech, change }), '', there)));
      await loseArtifact(row);
    }
    if (change === 'picture') {
      await update(row.id, 'payload', canonicalJson(payloads[index] ?? {}).replace(pictures[index] ?? '', another));
    }
    if (['text', 'picture', 'version'].includes(change)) await loseArtifact(row);
    if (change === 'picture-bytes') {
      const sha = pictures[index] ?? '';
      await writeFile(join(stack.artifactFolder, 'blobs', sha.slice(0, 2), sha), png(41, 31));
    }
  }

  await stack.startWorker({ proofMode: false, accounts: accounts(true), secretsKeys, webhook });
  await setFlag(stack.db, 'paused', false);
  await stack.gateway.signal('aol/default', 'wake').catch(() => undefined);
  const over = await until(
    'all have ended',
    async () => {
      const found = (await stack.rows()).filter(({ id }) => ids.includes(id));
      const isOver = ({ status, attempts }: ActionRow) => attempts > 0 || ['DLQ', 'SUCCESS'].includes(status);
      return found.every(isOver) && found;
    },
    60_000,
  );
  const bodies = [...sentTo(http), ...sentTo(elsewhere)].map(({ body }) => body.toString('utf8'));
  const mails = [...smtp.mails(), ...smtpElsewhere.mails()].map(({ message }) => message.toString('utf8'));
  const sent = CASES.map(wordsOf).filter((words) => [...bodies, ...mails].some((body) => body.includes(words)));
  expect(sent.sort()).toEqual(CASES.filter(isUnchanged).map(wordsOf).sort());
  expect([...bodies, ...mails].filter((body) => body.includes('something else'))).toEqual([]);
  expect([...sentTo(elsewhere), ...smtpElsewhere.sessions()]).toEqual([]);
  for (const [index, one] of CASES.entries()) {
    const row = over.find(({ id }) => id === ids[index]);
    if (!isUnchanged(one)) expect([wordsOf(one), row?.status, row?.attempts]).toEqual([wordsOf(one), 'DLQ', 0]);
  }
}, 120_000);

const isUnchanged = ({ change }: (typeof CASES)[number]) => change === 'nothing';
