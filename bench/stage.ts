/** A scene with the processes that play in it; all of them end with it. */

import type pg from 'pg';
import { type RemoteProducer, type RemoteWorker, startProducer, startWorker } from './process.ts';
import type { SystemName } from './protocol.ts';
import { emptyDatabase, type OpenScene, type SceneSettings, type Servers } from './servers.ts';

export interface Stage extends Pick<OpenScene, 'scene' | 'usage'> {
  producer(): Promise<RemoteProducer>;
  worker(): Promise<RemoteWorker>;
  /** A connection to its database, closed at the end. */
  database(): Promise<pg.Client>;
}

export const PLAIN: SceneSettings = { perTick: 50, lanes: 1, real: false, width: 50, recovers: false };

export async function onStage<Result>(
  servers: Servers,
  system: SystemName,
  settings: Partial<SceneSettings>,
  play: (stage: Stage) => Promise<Result>,
  template?: string,
): Promise<Result> {
  const database = template ?? (system === 'aol' ? undefined : emptyDatabase);
  const open = await servers.openScene({ ...PLAIN, ...settings }, database);
  const processes: (RemoteProducer | RemoteWorker)[] = [];
  const connections: pg.Client[] = [];
  const keep = <T extends RemoteProducer | RemoteWorker>(remote: T): T => {
    processes.push(remote);
    return remote;
  };
  try {
    return await play({
      scene: open.scene,
      usage: open.usage,
      producer: async () => keep(await startProducer(system, open.scene)),
      worker: async () => keep(await startWorker(system, open.scene)),
      async database() {
        const connection = await open.connect();
        connections.push(connection);
        return connection;
      },
    });
  } finally {
    await Promise.all(connections.map((connection) => connection.end().catch(() => undefined)));
    await Promise.all(processes.map((remote) => remote.stop()));
    await open.close();
  }
}
