/** F-17: a storm of enqueues and bodies that are too large, too slow or without end; reads go on meanwhile. */

import { request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { AolApiError } from '../../../src/client/client.ts';
import { until } from '../../support/until.ts';
import type { Fault } from '../support/fault.ts';
import { quantile } from '../support/quantile.ts';
import { type Read, startReader } from '../support/reader.ts';
import type { Scene } from '../support/scene.ts';

const SAME_KEY = 100;
const KEYS = 10_000;
const SENDERS = 16;
const MIB = 1024 * 1024;
/** `requestTimeout` of the API is 10 s. */
const SLOW_LIMIT_MS = 15_000;
/** Below this a ratio says more about the machine than about us. */
const SMALLEST_BASE_MS = 20;
const WARM_UP_MS = 3_000;
const BASE_MS = 10_000;
const WORK_OFF_MS = 180_000;

const proof = (text: string) => ({ type: 'POST_SOCIAL', payload: { platform: 'mastodon', content: text } });

/** One key from many clients at once: one action. */
async function sameKey({ client, load }: Scene): Promise<string[]> {
  const key = 'the same for all of them';
  const ids = await Promise.all(
    Array.from({ length: SAME_KEY }, () => load.enqueue('proof', { ...proof('once'), idempotencyKey: key })),
  );
  const different = new Set(ids);
  const refused = await client.enqueue({ ...proof('another'), idempotencyKey: key }).catch((error: unknown) => error);
  const status = refused instanceof AolApiError ? refused.status : 'no error';
  return [
    ...(different.size === 1 && ids[0] !== undefined ? [] : [`${SAME_KEY} enqueues of one key made ${different.size}`]),
    ...(status === 409 ? [] : [`another request under the key was answered ${status}`]),
  ];
}

async function manyKeys({ load }: Scene): Promise<string[]> {
  let left = KEYS;
  let failed = 0;
  const send = async () => {
    while (left > 0) {
      left -= 1;
      const id = await load.enqueue('proof', { ...proof(`number ${left}`), idempotencyKey: `storm-${left}` });
      if (id === undefined) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));
  return failed === 0 ? [] : [`${failed} of ${KEYS} enqueues failed`];
}

interface Body {
  readonly name: string;
  readonly chunk: Buffer;
  readonly times: number;
  readonly everyMs?: number;
  readonly length?: number;
}

const bodies: readonly Body[] = [
  { name: '1 MiB', chunk: Buffer.alloc(MIB, 'x'), times: 1, length: MIB },
  { name: '100 MiB', chunk: Buffer.alloc(MIB, 'x'), times: 100, length: 100 * MIB },
  { name: '2 MiB in chunks, without a length', chunk: Buffer.alloc(MIB / 16, 'x'), times: 32 },
];
const slowBody: Body = {
  name: 'a byte each 300 ms',
  chunk: Buffer.from('x'),
  times: 1_000,
  everyMs: 300,
  length: 1_000,
};

/** The status of the answer, or `closed` when the connection was. */
function post({ apiUrl, token }: Scene, { chunk, times, everyMs, length }: Body): Promise<number | 'closed'> {
  return new Promise((resolve) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(length === undefined ? {} : { 'content-length': String(length) }),
    };
    const request = httpRequest(`${apiUrl}/v1/actions`, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 'closed');
      request.destroy();
    });
    request.on('error', () => resolve('closed')).on('close', () => resolve('closed'));
    void (async () => {
      for (let left = times; left > 0 && !request.destroyed; left -= 1) {
        const more = request.write(chunk);
        if (everyMs !== undefined) await delay(everyMs);
        else if (!more) await Promise.race([new Promise((drained) => request.once('drain', drained)), delay(1_000)]);
      }
      request.end();
    })().catch(() => resolve('closed'));
  });
}

async function hugeBodies(scene: Scene): Promise<string[]> {
  const answers = await Promise.all(bodies.map(async (body) => ({ body, status: await post(scene, body) })));
  return answers.flatMap(({ body, status }) =>
    status === 413 || status === 'closed' ? [] : [`a body of ${body.name} was answered ${status}`],
  );
}

async function slowPost(scene: Scene): Promise<string[]> {
  const startedMs = performance.now();
  const status = await post(scene, slowBody);
  const tookMs = Math.round(performance.now() - startedMs);
  const isRight = tookMs < SLOW_LIMIT_MS && (status === 408 || status === 'closed');
  return isRight ? [] : [`${slowBody.name} was answered ${status} after ${tookMs} ms`];
}

const storm: Fault = {
  id: 'F-17',
  title: `${SAME_KEY} enqueues of one key, ${KEYS.toLocaleString('en')} keys, huge, endless and slow bodies`,
  scene: { flags: { max_actions_per_tick: 50 } },
  async play(scene) {
    const { apiUrl, token, folder, servers } = scene;
    const reader = await startReader({ apiUrl, token, folder, reaper: servers.reaper });
    await delay(WARM_UP_MS);
    const early = reader.take();
    const startedMs = performance.now();
    const storms = await Promise.all([sameKey, manyKeys, hugeBodies].map((part) => part(scene)));
    const lastedS = ((performance.now() - startedMs) / 1_000).toFixed(1);
    const during = reader.take();
    const slow = await slowPost(scene);
    // What reads take without a storm, of the same rows: a list counts them.
    await until('all are proved', async () => (await unproved(scene)) === 0, WORK_OFF_MS);
    const meanwhile = reader.take();
    await delay(BASE_MS);
    const base = reader.take();
    await reader.stop();
    const reads = [...early, ...during, ...meanwhile, ...base];
    return {
      problems: [...storms.flat(), ...slow, ...failedReads(reads), ...slowReads(base, during)],
      note: `${lastedS} s; ${during.length} ${told('reads', base, during)}; ${PATHS.map((path) => told(path, of(path, base), of(path, during))).join('; ')}`,
    };
  },
};

const PATHS = ['/v1/status', '/v1/actions?limit=50'] as const;
const of = (path: string, reads: readonly Read[]) => reads.filter((read) => read.path === path);

async function unproved({ db }: Scene): Promise<number> {
  const { rows } = await db.query(`SELECT count(*) AS count FROM aol_actions WHERE status <> 'SUCCESS'`);
  return Number(rows[0]?.count);
}

function failedReads(reads: readonly Read[]): string[] {
  const failed = reads.filter(({ status }) => status !== 200).map(({ status }) => status);
  return failed.length === 0 ? [] : [`${failed.length} reads failed: ${[...new Set(failed)].join(', ')}`];
}

const tookMs = (reads: readonly Read[], share: number) =>
  quantile(
    reads.map((read) => read.tookMs),
    share,
  );

function slowReads(base: readonly Read[], during: readonly Read[]): string[] {
  const [without, is] = [tookMs(base, 0.99), tookMs(during, 0.99)];
  const allowed = 2 * Math.max(without, SMALLEST_BASE_MS);
  return is > allowed ? [`reads: p99 is ${without.toFixed(1)} ms without a storm and ${is.toFixed(1)} ms in it`] : [];
}

function told(what: string, base: readonly Read[], during: readonly Read[]): string {
  const figures = [0.5, 0.99].map((share) =>
    [base, during].map((reads) => tookMs(reads, share).toFixed(1)).join(' to '),
  );
  return `${what} p50 ${figures[0]} ms, p99 ${figures[1]} ms`;
}

export const stormFaults: readonly Fault[] = [storm];
