/** AOL's rates as what it looks after grows: lanes, workers, what waits, what has finished. */

import { NotMeasured, nowNs } from '../protocol.ts';
import type { SceneSettings, Servers } from '../servers.ts';
import { onStage, type Stage } from '../stage.ts';
import { drain } from './drain.ts';
import type { Figure, Sizes, Trial } from './measure.ts';
import { templateOfFinished, templateOfQueued } from './templates.ts';

const NS_PER_S = 1e9;
const EFFECT_MS = 50;
/** Enough that every worker may have one at any moment. */
const LANES_OF_WORKERS = 8;

export const growthTrials: readonly Trial[] = [
  ...[false, true].flatMap((real) => [
    ...[1, 4, 16, 64].map((lanes) => point(`${rate(real)} by lanes`, lanes, { real, lanes }, drainOf())),
    ...[1, 2, 4].map((workers) =>
      point(`${rate(real)} by workers`, workers, { real, lanes: LANES_OF_WORKERS }, drainOf(workers)),
    ),
  ]),
  ...[1_000, 10_000, 100_000, 1_000_000].map((queued) =>
    point('claims /s by actions queued', queued, {}, claims, {
      rows: queued,
      of: (servers, { growthClaims }) => templateOfQueued(servers, queued + growthClaims),
    }),
  ),
  ...[0, 10_000, 100_000, 1_000_000].map((finished) =>
    point('proofs /s by actions finished', finished, {}, drainOf(), {
      rows: finished,
      of: (servers) => templateOfFinished(servers, finished),
    }),
  ),
];

function rate(real: boolean): string {
  return real ? `effects of ${EFFECT_MS} ms /s` : 'proofs /s';
}

type Play = (stage: Stage, sizes: Sizes) => Promise<number>;

interface Template {
  readonly rows: number;
  of(servers: Servers, sizes: Sizes): Promise<string>;
}

function point(name: string, at: number, settings: Partial<SceneSettings>, play: Play, template?: Template): Trial {
  return {
    measure: 'growth',
    system: 'aol',
    label: `${name}, at ${at}`,
    async run(servers, sizes): Promise<Figure[]> {
      const { mostRows } = sizes;
      if (template !== undefined && template.rows > mostRows)
        throw new NotMeasured(`quick runs end at ${mostRows} rows`);
      const database = await template?.of(servers, sizes);
      const value = await onStage(servers, 'aol', settings, (stage) => play(stage, sizes), database);
      return [{ system: 'aol', name, value, at }];
    },
  };
}

function drainOf(workers = 1): Play {
  return async (stage, { growthJobs }) => {
    const { real } = stage.scene;
    // Effects take that much longer.
    const jobs = real ? growthJobs / 4 : growthJobs;
    return (await drain(stage, jobs, real ? EFFECT_MS : 0, { warmsUp: true, workers })).rate;
  };
}

/** The queue was filled when its database was made, and is held. */
async function claims(stage: Stage, { growthClaims }: Sizes): Promise<number> {
  const producer = await stage.producer();
  const worker = await stage.worker();
  await producer.ready();
  const from = nowNs();
  await producer.go(growthClaims);
  await worker.began(growthClaims);
  return (growthClaims / (nowNs() - from)) * NS_PER_S;
}
