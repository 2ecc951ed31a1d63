/** The network goes silent without telling anybody, or becomes slow. */

import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, now, underLoad } from '../support/fault.ts';
import { type LoadPlan, MIXED } from '../support/load.ts';
import type { Scene } from '../support/scene.ts';
import { deadWorkers } from './temporal.ts';

const RECOVERY_MS = 10_000;
/** What hangs at a silent receiver runs on until its deadline and counts towards `max_running`: this stays below it. */
const THIN: LoadPlan = { ...MIXED, everyMs: 200 };

function silent(id: string, which: keyof Scene['proxies'], title: string): Fault {
  return {
    id,
    title,
    maxRecoveryMs: RECOVERY_MS,
    scene: { proxied: true },
    async play(scene) {
      const proxy = scene.proxies[which];
      const findings = await underLoad(scene, {
        plan: THIN,
        async hit() {
          proxy.blackhole();
          await delay(scene.random.whole(4_000, 6_000));
          proxy.heal();
          return now();
        },
      });
      return { ...findings, problems: [...(findings.problems ?? []), ...deadWorkers(scene)] };
    },
  };
}

/** Promise 5: flags that cannot be read count as paused. */
const unreadable: Fault = {
  id: 'I-16',
  title: 'flags unreadable: nothing is sent from 2 s on',
  scene: { proxied: true },
  maxRecoveryMs: RECOVERY_MS,
  async play(scene) {
    let late = 0;
    const findings = await underLoad(scene, {
      async hit() {
        scene.proxies.postgres.blackhole();
        const from = now() + 2_000;
        await delay(8_000);
        late = scene.receiver.arrivals.filter(({ at }) => at > from).length;
        scene.proxies.postgres.heal();
        return now();
      },
    });
    return { ...findings, problems: late === 0 ? [] : [`${late} effects were sent while flags could not be read`] };
  },
};

const resets: Fault = {
  id: 'F-07-reset',
  title: 'every connection to PostgreSQL, Temporal and receiver is reset, each 500 ms for 5 s',
  maxRecoveryMs: RECOVERY_MS,
  scene: { proxied: true },
  async play(scene) {
    const findings = await underLoad(scene, {
      async hit() {
        for (let times = 0; times < 10; times += 1) {
          for (const proxy of Object.values(scene.proxies)) proxy.reset();
          await delay(500);
        }
        return now();
      },
    });
    return { ...findings, problems: [...(findings.problems ?? []), ...deadWorkers(scene)] };
  },
};

/** The lane keeps its owner, and what was slow is done in the end. */
const slow: Fault = {
  id: 'F-09',
  title: '0 to 200 ms each way to PostgreSQL for 20 s',
  maxRecoveryMs: RECOVERY_MS,
  scene: { proxied: true },
  async play(scene) {
    const problems: string[] = [];
    let during = 0;
    const taken = async () =>
      Number(
        (await scene.db.query(`SELECT count(*) AS n FROM aol_execution_logs WHERE event = 'LEASE_TAKEN'`)).rows[0]?.n,
      );
    const findings = await underLoad(scene, {
      plan: { kinds: ['once', 'each', 'proof'], everyMs: 500, answerMs: [50, 400] },
      effects: 5,
      async hit() {
        const before = { taken: await taken(), effects: scene.receiver.arrivals.length };
        scene.proxies.postgres.slow(0, 200);
        await delay(20_000);
        scene.proxies.postgres.slow(0, 0);
        during = scene.receiver.arrivals.length - before.effects;
        if ((await taken()) !== before.taken) problems.push('the lease was lost over latency');
        return now();
      },
    });
    return { ...findings, problems, note: `${findings.note}, ${during} effects meanwhile` };
  },
};

export const networkFaults: readonly Fault[] = [
  silent('F-07-postgres', 'postgres', 'PostgreSQL half-open for 4 to 6 s'),
  silent('F-07-temporal', 'temporal', 'Temporal half-open for 4 to 6 s'),
  silent('F-07-receiver', 'receiver', 'the receiver half-open for 4 to 6 s'),
  resets,
  unreadable,
  slow,
];
