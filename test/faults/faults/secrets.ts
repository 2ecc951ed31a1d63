/** I-27: what must stay secret is found nowhere: tables, logs, artifacts, Temporal's own file, the API's answers. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import type { Fault } from '../support/fault.ts';
import type { Scene } from '../support/scene.ts';

const CANARY = 'canary-that-nobody-may-ever-see!';
const SIGNING_SECRET = `whsec_${Buffer.from(CANARY).toString('base64')}`;

/** The receiver sends back all that it got, signature included, as a receipt and as a reason. */
const WAYS = ['echo?code=200', 'scold?code=400', 'scold?code=429&times=1', 'reset', 'ok'];

const SIGNATURE = /v1,[A-Za-z0-9+/]{43}=/;

const TABLES = ['aol_actions', 'aol_execution_logs', 'aol_tick_ledger', 'aol_lease', 'aol_control_flags'];

async function places(scene: Scene): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const table of TABLES) {
    const { rows } = await scene.db.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`);
    found.set(table, Buffer.from(rows.map(({ row }) => row).join('\n')));
  }
  for (const entry of readdirSync(scene.folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // The receiver is the outside: it gets the signature, and the key that the provider needs.
    if (entry.isFile() && !entry.name.startsWith('receiver')) found.set(path, readFileSync(path));
  }
  for (const name of readdirSync(scene.servers.folder).filter((file) => file.startsWith('temporal.db'))) {
    found.set(name, readFileSync(join(scene.servers.folder, name)));
  }
  const { items } = await scene.client.listActions({ limit: 50 });
  found.set('GET /v1/actions', Buffer.from(JSON.stringify(items)));
  for (const { id } of items) found.set(`logs of ${id}`, Buffer.from(JSON.stringify(await scene.client.getLogs(id))));
  found.set('GET /v1/status', Buffer.from(JSON.stringify(await scene.client.status())));
  return found;
}

const secrets: Fault = {
  id: 'I-27',
  title: 'signing secret and tokens in tables, logs, artifacts, Temporal’s file and the API’s answers: none',
  scene: { workers: 0 },
  async play(scene) {
    await scene.startWorker({ env: { AOL_WEBHOOK_SECRET: SIGNING_SECRET, AOL_LOG_LEVEL: 'debug' } });
    for (const way of WAYS) {
      await scene.load.enqueue('each', scene.load.webhook('each', way));
      await scene.load.enqueue('proof', scene.load.webhook('each', way, { mode: 'PROOF' }));
    }
    await fetch(`${scene.apiUrl}/v1/actions`, { headers: { authorization: `Bearer ${scene.token}x` } });
    await until('all have ended', async () => {
      const { rows } = await scene.db.query(
        `SELECT count(*) AS n FROM aol_actions WHERE status IN ('PENDING', 'RUNNING', 'RETRY')`,
      );
      return Number(rows[0]?.n) === 0;
    });
    const canaries = [CANARY, SIGNING_SECRET.slice('whsec_'.length), scene.token];
    const all = await places(scene);
    const problems = [...all].flatMap(([place, bytes]) =>
      [...canaries.filter((canary) => bytes.includes(canary)), ...(SIGNATURE.exec(bytes.toString('latin1')) ?? [])].map(
        (secret) => `${secret} stands in ${place}`,
      ),
    );
    return { problems, note: `${all.size} places` };
  },
};

export const secretFaults: readonly Fault[] = [secrets];
