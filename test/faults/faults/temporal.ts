/** Temporal is killed, and comes back with what it knew or without. */

import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { type Fault, now, underLoad } from '../support/fault.ts';
import type { Scene } from '../support/scene.ts';

const RECOVERY_MS = 5_000;

/** While Temporal is away enqueue goes on. */
async function enqueuesMeanwhile(scene: Scene): Promise<readonly string[]> {
  const startedMs = performance.now();
  const id = await scene.load.enqueue('once', scene.load.webhook('once', 'ok'));
  const tookMs = Math.round(performance.now() - startedMs);
  if (id === undefined) return ['enqueue failed while Temporal was away'];
  return tookMs > 1_000 ? [`enqueue took ${tookMs} ms while Temporal was away`] : [];
}

function killed(id: string, downMs: readonly [number, number], quick: boolean): Fault {
  return {
    id,
    title: `Temporal kill -9, ${downMs.map((ms) => ms / 1_000).join(' to ')} s away, same file`,
    quick,
    maxRecoveryMs: RECOVERY_MS,
    async play(scene) {
      const { temporal } = scene.servers;
      let problems: readonly string[] = [];
      const findings = await underLoad(scene, {
        async hit() {
          await temporal.end('SIGKILL');
          problems = await enqueuesMeanwhile(scene);
          await delay(scene.random.whole(...downMs));
          await temporal.start();
          return now();
        },
      });
      return { ...findings, problems: [...(findings.problems ?? []), ...problems, ...deadWorkers(scene)] };
    },
  };
}

export function deadWorkers(scene: Scene): string[] {
  return scene.workers.filter((worker) => !worker.isRunning()).map(({ name }) => `${name} ended by itself`);
}

const forgotten: Fault = {
  id: 'F-04-lost',
  title: 'Temporal kill -9, its data deleted',
  // The lease of a run that is gone, on a cluster that is another one: its term (15 s with work) has to pass.
  maxRecoveryMs: 20_000,
  async play(scene) {
    const { servers, namespace } = scene;
    const findings = await underLoad(scene, {
      async hit() {
        await servers.temporal.end('SIGKILL');
        servers.forgetTemporal();
        await servers.temporal.start();
        await servers.createNamespace(namespace);
        return now();
      },
    });
    return { ...findings, problems: [...(findings.problems ?? []), ...deadWorkers(scene)] };
  },
};

/** Whoever is started while Temporal is away waits for it. */
const startedBefore: Fault = {
  id: 'F-04-start',
  title: 'a worker starts while Temporal is away',
  maxRecoveryMs: RECOVERY_MS,
  async play(scene) {
    const { temporal } = scene.servers;
    const [first] = scene.workers;
    await temporal.end('SIGKILL');
    await first?.kill();
    const starting = scene.startWorker();
    await delay(scene.random.whole(2_000, 4_000));
    await scene.load.enqueue('once', scene.load.webhook('once', 'ok'));
    await temporal.start();
    const endedAt = now();
    await starting;
    const arrival = await until('an effect', () => scene.receiver.arrivals[0], 30_000);
    return { recoveryMs: arrival.at - endedAt };
  },
};

/** One after another under one load, half a second and ten seconds away by turns. */
const twenty: Fault = {
  id: 'F-04-twenty',
  title: 'Temporal kill -9 twenty times, 0.5 and 10 s away by turns',
  long: true,
  maxRecoveryMs: RECOVERY_MS,
  async play(scene) {
    const problems: string[] = [];
    const recoveries: number[] = [];
    for (let times = 0; times < 20; times += 1) {
      const findings = await underLoad(scene, {
        effects: 3,
        async hit() {
          await scene.servers.temporal.end('SIGKILL');
          problems.push(...(await enqueuesMeanwhile(scene)));
          await delay(times % 2 === 0 ? 500 : 10_000);
          await scene.servers.temporal.start();
          return now();
        },
      });
      problems.push(...(findings.problems ?? []));
      if (findings.recoveryMs !== undefined) recoveries.push(findings.recoveryMs);
    }
    return { recoveryMs: Math.max(...recoveries), problems: [...problems, ...deadWorkers(scene)] };
  },
};

export const temporalFaults: readonly Fault[] = [
  killed('F-04-short', [500, 500], true),
  killed('F-04-long', [8_000, 10_000], false),
  twenty,
  forgotten,
  startedBefore,
];
