/** PostgreSQL dies, drops its connections, holds locks, or has no connections left. */

import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { until } from '../../support/until.ts';
import { type Fault, now, underLoad } from '../support/fault.ts';
import type { Scene } from '../support/scene.ts';
import { deadWorkers } from './temporal.ts';

const RECOVERY_MS = 5_000;
/** The list's 2 s, and a little for a busy machine. */
const ANSWER_LIMIT_MS = 2_300;

function killed(id: string, signal: NodeJS.Signals, title: string, quick: boolean): Fault {
  return {
    id,
    title,
    quick,
    maxRecoveryMs: RECOVERY_MS,
    async play(scene) {
      const { postgres } = scene.servers;
      const findings = await underLoad(scene, {
        async hit() {
          await postgres.end(signal);
          await delay(scene.random.whole(0, 1_500));
          await postgres.start();
          return now();
        },
      });
      return { ...findings, problems: [...(findings.problems ?? []), ...deadWorkers(scene)] };
    },
  };
}

function again(id: string, times: number, everyMs: readonly [number, number], long: boolean): Fault {
  return {
    id,
    title: `PostgreSQL SIGKILL every ${everyMs.map((ms) => ms / 1_000).join(' to ')} s, ${times} times`,
    long,
    maxRecoveryMs: RECOVERY_MS,
    async play(scene) {
      const { postgres } = scene.servers;
      const findings = await underLoad(scene, {
        async hit() {
          for (let left = times; left > 0; left -= 1) {
            await postgres.end('SIGKILL');
            await postgres.start();
            await delay(scene.random.whole(...everyMs));
          }
          return now();
        },
      });
      return { ...findings, problems: [...(findings.problems ?? []), ...deadWorkers(scene)] };
    },
  };
}

const TERMINATE = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE 'aol%'`;

const terminated: Fault = {
  id: 'F-06',
  title: 'pg_terminate_backend on every connection each 200 ms for 30 s',
  maxRecoveryMs: RECOVERY_MS,
  async play(scene) {
    const findings = await underLoad(scene, {
      async hit() {
        const until = now() + 30_000;
        while (now() < until) {
          await scene.db.query(TERMINATE);
          await delay(200);
        }
        return now();
      },
    });
    return { ...findings, problems: [...(findings.problems ?? []), ...deadWorkers(scene)] };
  },
};

/** Nobody can read or write actions for a while: the API says so soon, and all goes on afterwards. */
const locked: Fault = {
  id: 'F-10',
  title: 'ACCESS EXCLUSIVE lock on the actions for 10 s',
  maxRecoveryMs: RECOVERY_MS,
  async play(scene) {
    const problems: string[] = [];
    const findings = await underLoad(scene, {
      async hit() {
        const connection = await scene.db.connect();
        try {
          await connection.query('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0');
          await connection.query('LOCK TABLE aol_actions IN ACCESS EXCLUSIVE MODE');
          const until = now() + 10_000;
          problems.push(...(await asksWhileLocked(scene)));
          await delay(Math.max(0, until - now()));
          await connection.query('COMMIT');
          return now();
        } finally {
          connection.release();
        }
      },
    });
    return { ...findings, problems: [...(findings.problems ?? []), ...problems, ...deadWorkers(scene)] };
  },
};

/** Single calls, as clients that do not ask again would make them. */
async function asksWhileLocked({ apiUrl, token }: Scene): Promise<string[]> {
  const problems: string[] = [];
  for (let call = 0; call < 3; call += 1) {
    const startedMs = performance.now();
    const { status } = await fetch(`${apiUrl}/v1/actions?limit=1`, { headers: { authorization: `Bearer ${token}` } });
    const tookMs = Math.round(performance.now() - startedMs);
    if (status !== 503 || tookMs > ANSWER_LIMIT_MS) problems.push(`the API answered ${status} after ${tookMs} ms`);
  }
  return problems;
}

/** Almost every connection is taken, by somebody else, when five workers start. */
const exhausted: Fault = {
  id: 'F-28',
  title: 'no connections left while five workers start; then there are again',
  maxRecoveryMs: 30_000,
  scene: { workers: 0 },
  async play(scene) {
    const { servers, database } = scene;
    const taken: pg.Client[] = [];
    const { rows } = await scene.db.query(
      `SELECT current_setting('max_connections')::int - count(*) AS free FROM pg_stat_activity WHERE backend_type = 'client backend'`,
    );
    for (let left = Number(rows[0]?.free) - 6; left > 0; left -= 1) {
      const connection = new pg.Client({ connectionString: servers.databaseUrl(database) });
      connection.on('error', () => undefined);
      await connection.connect();
      taken.push(connection);
    }
    await Promise.all(Array.from({ length: 5 }, () => scene.startWorker()));
    for (let index = 0; index < 10; index += 1) {
      await scene.load.enqueue('once', scene.load.webhook('once', 'ok?ms=100'));
    }
    await delay(3_000);
    await Promise.all(taken.map((connection) => connection.end()));
    const endedAt = now();
    const last = await scene.load.enqueue('each', scene.load.webhook('each', 'ok'));
    // Without a connection an enqueue may be refused; what was taken is done.
    const { acknowledged } = scene.load;
    await until('all effects', () => scene.receiver.arrivals.length >= acknowledged.length, 60_000);
    const first = scene.receiver.arrivals.find(({ at }) => at > endedAt);
    return {
      ...(first ? { recoveryMs: first.at - endedAt } : {}),
      problems: [
        ...deadWorkers(scene),
        ...(last ? [] : ['an enqueue was refused though there were connections again']),
      ],
      note: `${taken.length} connections taken, ${acknowledged.length} of 11 enqueued`,
    };
  },
};

export const postgresFaults: readonly Fault[] = [
  killed('F-05-immediate', 'SIGQUIT', 'PostgreSQL immediate stop under load', false),
  killed('F-05-kill', 'SIGKILL', 'PostgreSQL SIGKILL under load', true),
  again('F-05-again', 5, [3_000, 5_000], false),
  again('F-05-long', 24, [5_000, 10_000], true),
  terminated,
  locked,
  exhausted,
];
