import { describe, expect, test } from '@jest/globals';
import { createAhead } from '../../src/activities/ahead.ts';
import { createRegistry } from '../../src/adapters/registry.ts';
import type { ClaimedEffect } from '../../src/db/queue/claim-due.ts';
import { UnavailableError } from '../../src/domain/errors.ts';
import { createStage } from '../support/stage-adapter.ts';

const tick = { lane: 'default', tickId: 'tick', token: 3 };
const rowOf = (id: string, payload: ClaimedEffect['payload'] = { name: id, acts: ['done'] }, claimCount = 1) => ({
  ...{ id, type: 'PLAY', payload, due_at: new Date(0), promoted_from: null, max_attempts: 3, claimCount },
});

function aheadOf(store = async () => 'artifact:uri') {
  return createAhead({ adapters: createRegistry([createStage().adapter]), store });
}

describe('effects prepared ahead', () => {
  test('are taken once, under the claim that they were prepared for', async () => {
    const ahead = aheadOf();
    ahead.prepare(tick, [rowOf('a')]);
    expect(ahead.take({ ...tick, actionId: 'a', token: 4 })).toBeUndefined();
    expect(ahead.take({ ...tick, actionId: 'a', tickId: 'other' })).toBeUndefined();
    const taken = ahead.take({ ...tick, actionId: 'a' });
    expect(await taken?.preparation).toMatchObject({ kind: 'ready', uri: 'artifact:uri' });
    expect(ahead.take({ ...tick, actionId: 'a' })).toBeUndefined();
  });

  test('fail each for itself, and never in the claim', async () => {
    const ahead = aheadOf(() => Promise.reject(new UnavailableError('artifacts', 'no space')));
    ahead.prepare(tick, [rowOf('bad', { name: 'bad', acts: ['no such act'] }), rowOf('good')]);
    const kinds = ['bad', 'good'].map(async (actionId) => (await ahead.take({ ...tick, actionId })?.preparation)?.kind);
    expect(await Promise.all(kinds)).toEqual(['failed', 'later']);
  });

  test('leave out what died with a worker before: its activity knows whether it has to go alone', () => {
    const ahead = aheadOf();
    ahead.prepare(tick, [rowOf('died', undefined, 2), rowOf('good')]);
    expect(ahead.take({ ...tick, actionId: 'died' })).toBeUndefined();
    expect(ahead.take({ ...tick, actionId: 'good' })).toBeDefined();
  });

  test('are so many at most: the rest is prepared where it begins', () => {
    const ahead = aheadOf();
    const many = Array.from({ length: 60 }, (_, index) => `${index}`);
    ahead.prepare(
      tick,
      many.map((id) => rowOf(id)),
    );
    expect(many.filter((actionId) => ahead.take({ ...tick, actionId }))).toHaveLength(50);
  });
});
