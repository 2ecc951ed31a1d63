/** PROOF touches nothing outside (I-10), stays PROOF (I-11), and REAL needs both keys (I-12). */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlag } from '../../support/engine.ts';
import { png } from '../../support/pictures.ts';
import { SPEECHES, secretsOf } from '../../support/speeches.ts';
import { until } from '../../support/until.ts';
import type { Fault, Findings } from '../support/fault.ts';
import type { Scene } from '../support/scene.ts';

const PROOFS = 40;

async function enqueueProofs(scene: Scene): Promise<void> {
  for (let index = 0; index < PROOFS; index += 1) {
    const post = { type: 'POST_SOCIAL', payload: { platform: 'bluesky', content: `number ${index}` } };
    await scene.load.enqueue('proof', index % 2 === 0 ? post : scene.load.webhook('each', 'ok', { mode: 'PROOF' }));
  }
}

const countOf = async ({ db }: Scene, status: string) =>
  Number((await db.query('SELECT count(*) AS n FROM aol_actions WHERE status = $1', [status])).rows[0]?.n);

const STRACE = '/usr/bin/strace';

const traced = (file: string) => [STRACE, '-f', '-q', '-e', 'trace=connect,sendto', '-e', 'signal=none', '-o', file];

/** Where it connected to, by what the system says. */
function judged(scene: Scene, file: string): Findings {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /AF_INET/.test(line));
  const ours = [scene.servers.postgres.port, scene.servers.temporal.port].map((port) => `htons(${port})`);
  const others = lines.filter((line) => !ours.some((port) => line.includes(port)));
  return {
    problems: others.slice(0, 5).map((line) => `it connected elsewhere: ${line}`),
    vacuous: lines.length > 0 ? undefined : 'strace saw no connection at all',
    note: `${lines.length} connections, ${others.length} of them elsewhere`,
  };
}

/** The system itself says what the worker connects to. */
const strace: Fault = {
  id: 'I-10',
  title: `${PROOFS} proofs under strace, the lane unlocked: connections to PostgreSQL and Temporal only`,
  scene: { workers: 0 },
  async play(scene) {
    if (!existsSync(STRACE)) return { vacuous: 'this machine has no strace' };
    const file = join(scene.folder, 'connects');
    await scene.startWorker({ under: traced(file) });
    await enqueueProofs(scene);
    await until('all are proved', async () => (await countOf(scene, 'SUCCESS')) >= PROOFS, 60_000);
    return judged(scene, file);
  },
};

/** One proof for each provider, in a worker that could log in everywhere; nobody listens where they are. */
const accounts: Fault = {
  id: 'I-10-accounts',
  title:
    'a proof for each provider under strace, all credentials set, AOL_PROOF_MODE unset: PostgreSQL and Temporal only',
  scene: { workers: 0 },
  async play(scene) {
    if (!existsSync(STRACE)) return { vacuous: 'this machine has no strace' };
    const file = join(scene.folder, 'connects');
    const entries = SPEECHES.map(({ provider, entry }) => [`a-${provider}`, entry?.('127.0.0.1:9')] as const);
    const accountsFile = join(scene.folder, 'aol.accounts.yaml');
    writeFileSync(accountsFile, JSON.stringify(Object.fromEntries(entries)));
    const env = {
      AOL_PROOF_MODE: '',
      AOL_ACCOUNTS: accountsFile,
      AOL_SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
      ...secretsOf(SPEECHES, 'canary'),
    };
    await scene.startWorker({ under: traced(file), env });
    const { sha256 } = await scene.client.putBlob(png(40, 30), 'image/png');
    const proofs = [
      ...SPEECHES.map(({ type, payload }) => ({ type, payload: payload('a proof', sha256, '127.0.0.1:9') })),
      scene.load.webhook('each', 'ok', { mode: 'PROOF' }),
    ];
    for (const proof of proofs) await scene.load.enqueue('proof', proof);
    await until('all are proved', async () => (await countOf(scene, 'SUCCESS')) >= proofs.length, 60_000);
    return judged(scene, file);
  },
};

/** The four settings of the two keys; in each a REAL action and a proof, then the next. */
const keys: Fault = {
  id: 'I-12',
  title: 'each setting of the two keys of REAL: sends only with both; a proof stays one over every flip (I-11)',
  scene: { workers: 0 },
  async play(scene) {
    const problems: string[] = [];
    for (const worker of ['1', '0'] as const) {
      const program = await scene.startWorker({ env: { AOL_PROOF_MODE: worker } });
      for (const proofOnly of [true, false]) {
        await setFlag(scene.db, 'proof_only', proofOnly);
        const before = scene.receiver.arrivals.length;
        const proved = await countOf(scene, 'SUCCESS');
        await scene.load.enqueue('each', scene.load.webhook('each', 'ok'));
        await scene.load.enqueue('proof', scene.load.webhook('each', 'ok', { mode: 'PROOF' }));
        const both = worker === '0' && !proofOnly;
        // Both keys turned: this one's and the three that waited for it, besides the proof.
        await until('the proof is proved', async () => (await countOf(scene, 'SUCCESS')) >= proved + (both ? 5 : 1));
        const sent = scene.receiver.arrivals.length - before;
        if (sent !== (both ? 4 : 0))
          problems.push(`${sent} sent with AOL_PROOF_MODE=${worker}, proof_only=${proofOnly}`);
      }
      // The last one stays, and ends what is open.
      if (worker === '1') await program.stop();
    }
    return { problems, note: `${scene.receiver.arrivals.length} sends` };
  },
  judge: ({ rows }, scene) =>
    rows.filter(({ mode }) => mode === 'REAL').length === scene.receiver.arrivals.length
      ? []
      : ['other actions than the REAL ones were sent'],
};

export const proofFaults: readonly Fault[] = [strace, accounts, keys];
