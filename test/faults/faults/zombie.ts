/** A worker that is frozen, loses its work to another one, and wakes up. */

import { setTimeout as delay } from 'node:timers/promises';
import { providerKey } from '../../../src/contracts/names.ts';
import { until } from '../../support/until.ts';
import { type Fault, now, underLoad } from '../support/fault.ts';
import type { Scene } from '../support/scene.ts';

/** Long enough that the server has given its tasks to others (heartbeat timeout 2 s, sticky timeout 1 s). */
const FROZEN_MS: readonly [number, number] = [6_000, 9_000];

interface Frozen {
  readonly id: string;
  readonly title: string;
  readonly where: 'render' | 'before' | 'after';
  readonly dedupes: boolean;
  readonly sends: readonly [number, number];
  readonly status: readonly string[];
}

/** The worker freezes itself at a known place; another one is there already. */
function frozen({ id, title, where, dedupes, sends, status }: Frozen): Fault {
  return {
    id,
    title,
    scene: { customWorkers: true },
    async play(scene) {
      const { load, receiver } = scene;
      const [first] = scene.workers;
      const url = `http://127.0.0.1:${receiver.port}/${dedupes ? 'once' : 'each'}/ok`;
      const action = await load.enqueueDirectly(dedupes ? 'once' : 'each', {
        type: 'FREEZE_WORKER',
        mode: 'REAL',
        payload: { url, where, dedupes },
      });
      await until('it is frozen', () => first?.isStopped());
      const second = await scene.startWorker();
      const endsAt = now() + scene.random.whole(...FROZEN_MS);
      // The second one has the same adapter: it freezes once too, and is woken at once.
      while (now() < endsAt) {
        if (second.isStopped()) second.signal('SIGCONT');
        await delay(10);
      }
      first?.signal('SIGCONT');
      await load.enqueueDirectly('once', load.webhook('once', 'ok'));
      const row = await until(
        'it ended',
        async () => {
          if (second.isStopped()) second.signal('SIGCONT');
          const { rows } = await scene.db.query('SELECT * FROM aol_actions WHERE id = $1', [action]);
          return ['SUCCESS', 'DLQ', 'UNCONFIRMED'].includes(rows[0]?.status) && rows[0];
        },
        60_000,
      );
      await delay(1_000);
      const count = sendsOf(scene, action);
      return {
        problems: [
          ...(count >= sends[0] && count <= sends[1] ? [] : [`${count} raw sends, allowed are ${sends.join(' to ')}`]),
          ...(status.includes(row.status) ? [] : [`it is ${row.status}, not ${status.join(' or ')}`]),
        ],
        note: `${count} raw sends`,
      };
    },
  };
}

function sendsOf({ receiver }: Scene, id: string): number {
  return receiver.arrivals.filter(({ key }) => key === providerKey(id)).length;
}

/** Frozen at random with long polls, gates and requests open, and woken among the work of the other one. */
const underPolls: Fault = {
  id: 'F-03-polls',
  title: 'one of two workers SIGSTOP for 6 to 9 s under load, twice, then SIGCONT',
  scene: { workers: 2 },
  play: (scene) =>
    underLoad(scene, {
      async hit() {
        for (const worker of scene.workers) {
          worker.signal('SIGSTOP');
          await delay(scene.random.whole(...FROZEN_MS));
          worker.signal('SIGCONT');
          await delay(scene.random.whole(500, 2_000));
        }
        return now();
      },
    }),
};

export const zombieFaults: readonly Fault[] = [
  underPolls,
  frozen({
    id: 'F-03-before',
    title: 'frozen before the gate, woken after another one performed',
    where: 'render',
    dedupes: false,
    sends: [1, 1],
    status: ['SUCCESS'],
  }),
  frozen({
    id: 'F-03-after',
    title: 'frozen past the gate, before it sends; receiver does not deduplicate',
    where: 'before',
    dedupes: false,
    sends: [1, 1],
    status: ['SUCCESS', 'UNCONFIRMED'],
  }),
  frozen({
    id: 'F-03-after-once',
    title: 'frozen past the gate, before it sends; receiver deduplicates',
    where: 'before',
    dedupes: true,
    sends: [1, 2],
    status: ['SUCCESS'],
  }),
  frozen({
    id: 'F-03-sent',
    title: 'frozen after it has sent; receiver does not deduplicate',
    where: 'after',
    dedupes: false,
    sends: [1, 1],
    status: ['SUCCESS', 'UNCONFIRMED'],
  }),
];
