/** A claim that proves at once, over activities that play a part. */

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { provingAtOnce } from '../../src/activities/whole-tick.ts';
import type { BookkeepingActivities, ProveTickInput, TickSummary } from '../../src/contracts/engine/activities.ts';
import { holder } from '../support/engine.ts';
import { claimed, summary } from '../support/scripted-lane.ts';

const tickId = randomUUID();
const input = { holder: holder('r1'), tickId };
const nothing = () => Promise.resolve();

function activitiesThat(
  prove: () => Promise<TickSummary>,
  effects: readonly string[] = [],
): { readonly activities: BookkeepingActivities; readonly failures: [ProveTickInput, unknown][] } {
  const failures: [ProveTickInput, unknown][] = [];
  const claimTick = async () => ({ ...claimed(0, null), token: 7, effects });
  const parts = { claimTick, proveTick: prove, closeOverrun: nothing, abandonEffect: nothing };
  return { activities: provingAtOnce(parts, (tick, error) => failures.push([tick, error])), failures };
}

describe('a claim that proves at once', () => {
  test('answers what came of the proofs', async () => {
    const { activities, failures } = activitiesThat(async () => summary(tickId, null));
    expect(await activities.claimTick(input)).toMatchObject({ kind: 'claimed', summary: { tickId } });
    expect(failures).toEqual([]);
  });

  test('answers the claim without them where they failed, and tells of it', async () => {
    const error = new Error('the database is away');
    const { activities, failures } = activitiesThat(() => Promise.reject(error));
    const answer = await activities.claimTick(input);
    expect(answer).toMatchObject({ kind: 'claimed', token: 7 });
    expect(answer).not.toHaveProperty('summary');
    expect(failures).toEqual([[{ lane: 'default', tickId, token: 7 }, error]]);
  });

  test('leaves the proofs of a tick with effects to the workflow', async () => {
    const { activities } = activitiesThat(() => Promise.reject(new Error('nobody asked')), [randomUUID()]);
    expect(await activities.claimTick(input)).not.toHaveProperty('summary');
  });
});
