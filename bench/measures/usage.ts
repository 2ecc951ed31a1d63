/** Temporal's share of a cost, as figures. */

import { setTimeout as delay } from 'node:timers/promises';
import type { SystemName } from '../protocol.ts';
import type { Stage } from '../stage.ts';
import type { Usage } from '../temporal-usage.ts';
import type { Figure } from './measure.ts';

/** Longer than the server keeps what it has counted to itself. */
const SETTLE_MS = 1_500;
const MOST_LOOKS = 20;

/** Usage once nothing more comes. */
export async function settledUsage(stage: Stage): Promise<Usage> {
  let last = await stage.usage();
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    await delay(SETTLE_MS);
    const next = await stage.usage();
    if (next.events === last.events && next.actions === last.actions) return next;
    last = next;
  }
  throw new Error("Temporal's histories kept growing");
}

export function between(from: Usage, to: Usage): Usage {
  return { events: to.events - from.events, actions: to.actions - from.actions };
}

/** @param per what it is told for each of: jobs, hours of lanes */
export function usageFigures(system: SystemName, suffix: string, { events, actions }: Usage, per: number): Figure[] {
  return [
    { system, name: `history events${suffix}`, value: events / per },
    { system, name: `Temporal Cloud actions${suffix}`, value: actions / per },
  ];
}
