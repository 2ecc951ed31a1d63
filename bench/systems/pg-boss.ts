/** pg-boss, as it comes and tuned: woken by NOTIFY, fetching as many jobs at once as may be at work. */

import { PgBoss, type Queue, type WorkOptions } from 'pg-boss';
import type { Scene } from '../protocol.ts';
import type { System } from './system.ts';

const QUEUE = 'jobs';
/** The least that it takes. */
const FASTEST_HEARTBEAT_S = 10;

interface Job {
  readonly job: number;
}

export const pgBoss = withOptions(
  (scene) => ({ notify: true, ...(scene.recovers && { heartbeatSeconds: FASTEST_HEARTBEAT_S, retryDelay: 0 }) }),
  (scene) =>
    scene.width === 1
      ? { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 }
      : { pollingIntervalSeconds: 0.5, batchSize: scene.width, burstWhenBatchFull: true },
);

export const pgBossDefaults = withOptions(
  () => ({}),
  () => ({}),
);

function withOptions(queue: (scene: Scene) => Omit<Queue, 'name'>, work: (scene: Scene) => WorkOptions): System {
  const start = async (scene: Scene) => {
    const useListenNotify = queue(scene).notify === true;
    const fastest = { superviseIntervalSeconds: 1, monitorIntervalSeconds: 1, maintenanceIntervalSeconds: 1 };
    const boss = new PgBoss({
      connectionString: scene.databaseUrl,
      ...(useListenNotify && { useListenNotify }),
      ...(scene.recovers && fastest),
    });
    boss.on('error', () => undefined);
    await boss.start();
    return boss;
  };
  return {
    async createProducer(scene) {
      const boss = await start(scene);
      await boss.createQueue(QUEUE, queue(scene));
      return {
        async enqueue(job) {
          await boss.send(QUEUE, { job });
        },
        async enqueueMany(jobs) {
          await boss.insert(
            QUEUE,
            jobs.map((job) => ({ data: { job } })),
          );
        },
        async hasFinished() {
          const { rows } = await boss
            .getDb()
            .executeSql("SELECT count(*)::int AS n FROM pgboss.job WHERE name = $1 AND state < 'completed'", [QUEUE]);
          return rows[0].n === 0;
        },
        close: () => boss.stop({ graceful: false }),
      };
    },

    async createWorker(scene, handler) {
      const boss = await start(scene);
      return {
        async go() {
          await boss.work<Job>(QUEUE, work(scene), async (jobs) => {
            await Promise.all(jobs.map(({ data }) => handler.run(data.job)));
          });
        },
        close: () => boss.stop({ graceful: false }),
      };
    },
  };
}
