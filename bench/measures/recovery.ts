/** A worker is killed with kill -9 while its handler runs: how long until the job begins again on another worker. */

import { setTimeout as delay } from 'node:timers/promises';
import type { RemoteWorker } from '../process.ts';
import { nowNs, type SystemName } from '../protocol.ts';
import { onStage } from '../stage.ts';
import type { Figure, Trial } from './measure.ts';

const NS_PER_S = 1e9;
/** The kill falls at a random moment of the handler. */
const LATEST_KILL_MS = 1_000;
/** Room for both workers to be up and registered, and for the first job's last words. */
const SETTLE_MS = 1_500;

interface Case {
  readonly system: SystemName;
  readonly real: boolean;
}

const cases: readonly Case[] = [
  { system: 'aol', real: false },
  { system: 'aol', real: true },
  { system: 'bare-temporal', real: false },
  { system: 'pg-boss', real: false },
];

export const recoveryTrials: readonly Trial[] = cases.map(({ system, real }) => ({
  measure: 'recovery',
  system,
  label: real ? 'recovery REAL' : 'recovery',
  run: (servers) =>
    onStage(servers, system, { recovers: true, width: 1, real }, async (stage): Promise<Figure[]> => {
      const producer = await stage.producer();
      const workers = await Promise.all([stage.worker(), stage.worker()]);
      for (const worker of workers) await worker.go();
      await producer.ready();
      await delay(SETTLE_MS);
      await producer.enqueueEach(0, 1, [0, 0]);
      if (real) await producer.finished(1);
      else await Promise.race(workers.map((worker) => worker.began(1)));
      await delay(SETTLE_MS);
      for (const worker of workers) await worker.behave({ kind: 'hang' });
      const first = Promise.race(workers.map((worker) => worker.nextBeginning().then(() => worker)));
      await producer.enqueueEach(1, 1, [0, 0]);
      const victim = await first;
      const seconds = await secondsToRecover(
        victim,
        workers.filter((worker) => worker !== victim),
      );
      return [{ system, name: real ? 'recovery REAL s' : 'recovery s', value: seconds }];
    }),
}));

async function secondsToRecover(victim: RemoteWorker, others: readonly RemoteWorker[]): Promise<number> {
  const again = Promise.race(others.map((worker) => worker.nextBeginning()));
  for (const worker of others) await worker.behave({ kind: 'work', ms: 0 });
  await delay(Math.random() * LATEST_KILL_MS);
  const killedAt = nowNs();
  victim.kill();
  const { at } = await again;
  return (at - killedAt) / NS_PER_S;
}
