/** A queue that looks like a busy night: something in every state. For the screenshots, and for tests that need a bit of all. */

import { AolClient } from '../../src/client/client.ts';
import { TOKENS } from '../support/api.ts';
import type { Dashboard } from '../support/dashboard.ts';
import { setFlag } from '../support/engine.ts';
import { png } from '../support/pictures.ts';
import { until } from '../support/until.ts';

const POSTS = [
  ['bluesky', 'We ship on Friday. Release notes: https://example.com/notes #opensource'],
  ['mastodon', 'Our status page moved. Same green dots, new address.\n\nhttps://status.example.com'],
  [
    'linkedin',
    'Three things we learned from running agents unattended for a month: queue, prove, and keep a stop within reach.',
  ],
  ['x', 'Maintenance tonight 22:00–22:30 UTC. Reads keep working.'],
] as const;

const LETTER = (name: string, date: string) => `<style>h1{font-family:Georgia,serif}.lead{color:#555}</style>
<h1 style="color:#124a94;margin:0 0 8px">Autumn letter</h1>
<p class="lead">Dear ${name},</p>
<p>the new season starts on <b>${date}</b>. Doors open at seven, and the first round is on us.</p>
<p><a href="https://example.com/seats" style="background:#124a94;color:#fff;padding:8px 14px;border-radius:4px;text-decoration:none">Keep a seat</a></p>
<p style="font-size:12px;color:#777">You get this because you asked for it.</p>`;

export interface Scene {
  readonly proof: string;
  readonly mail: string;
  readonly awaiting: string;
  readonly unconfirmed: string;
  readonly dead: string;
  /** A post with a picture that went out on Bluesky. */
  readonly published: string;
  /** Its receiver’s budget is used up. */
  readonly held: string;
}

/** Lane `default` proves; lane `letters` is REAL. Afterwards some work still waits in a paused lane. */
export async function playScene({ db, client, url }: Dashboard): Promise<Scene> {
  const operator = new AolClient({ baseUrl: url, token: TOKENS.operator });
  await setFlag(db, 'tick_interval_ms', 50);
  for (const lane of ['letters', 'campaign']) await client.createLane(lane);
  const flags = { proof_only: false, approval_policy: 'none' } as const;
  await client.patchFlags({ lane: 'letters', flags, reason: 'the autumn letter is due' });
  const add = async (type: string, payload: object, more: object = {}) =>
    (await operator.enqueue({ type, payload: JSON.parse(JSON.stringify(payload)), ...more })).id;
  const settled = (id: string) =>
    until(`${id} is settled`, async () => {
      const { status } = await client.getAction(id);
      return ['SUCCESS', 'CANCELLED', 'DLQ', 'UNCONFIRMED', 'AWAITING_APPROVAL'].includes(status);
    });

  const proofs: string[] = [];
  for (const [platform, content] of POSTS) proofs.push(await add('POST_SOCIAL', { platform, content }));
  await add('CALL_WEBHOOK', {
    url: 'https://hooks.example.com/orders',
    body: { order: 4711, status: 'shipped', lines: [{ sku: 'A-1', count: 2 }] },
    dedupes: true,
  });
  const mail = await add('SEND_EMAIL', {
    to: ['ada@example.com', 'grace@example.com'],
    subject: 'Autumn letter',
    text: 'Dear friends,\n\nthe new season starts on 3 October.',
    html: LETTER('friends', '3 October'),
  });
  for (const id of [...proofs, mail]) await settled(id);

  const real = { lane: 'letters', mode: 'REAL' };
  const letter = (date: string) => ({
    to: ['ada@example.com'],
    subject: 'Autumn letter',
    text: `The season starts on ${date}.`,
    html: LETTER('Ada', date),
  });
  const first = await add('SEND_EMAIL', letter('3 October'), { ...real, requireApproval: true });
  await settled(first);
  const shown = await client.getAction(first);
  await client.approve(first, { sha256: shown.artifactSha256 ?? '', reason: 'read twice' });
  await until('the first letter is sent', async () => (await client.getAction(first)).status === 'SUCCESS');
  const awaiting = await add('SEND_EMAIL', letter('10 October'), { ...real, requireApproval: true });
  const unconfirmed = await add('PLAY', { name: 'invoice 2041', acts: ['unknown'] }, real);
  const dead = await add('PLAY', { name: 'invoice 2042', acts: ['rejected'] }, real);
  const dead2 = await add('PLAY', { name: 'invoice 2043', acts: ['rejected'] }, real);
  for (const id of [awaiting, unconfirmed, dead, dead2]) await settled(id);

  const picture = await operator.putBlob(png(480, 270), 'image/png');
  const published = await add(
    'POST_SOCIAL',
    {
      platform: 'bluesky',
      account: 'brand',
      content: 'The new reading room, before the first guests.',
      language: 'en',
      media: [{ sha256: picture.sha256, alt: 'An empty room with long tables and green lamps' }],
    },
    real,
  );
  await client.setBudget({ scope: 'host', name: 'hooks.example.net', limits: [{ span: 'hour', limit: 0 }] });
  const held = await add(
    'CALL_WEBHOOK',
    { url: 'https://hooks.example.net/season', body: { begins: '3 October' } },
    real,
  );
  await settled(published);
  await until('a webhook waits for its budget', async () => (await client.getAction(held)).lastError !== null);

  await operator.pause({ lane: 'campaign', reason: 'texts are not final' });
  for (let number = 1; number <= 6; number += 1) {
    await add(
      'POST_SOCIAL',
      { platform: 'mastodon', content: `Advent, door ${number}` },
      { lane: 'campaign', priority: number },
    );
  }
  return { proof: proofs[0] ?? '', mail, awaiting, unconfirmed, dead, published, held };
}
