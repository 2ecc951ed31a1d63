/** Budgets of money: reserved by what an effect may cost, settled by what it did. */

import { beforeEach, describe, expect, test } from '@jest/globals';
import { passGate } from '../../src/db/queue/gate.ts';
import type { Draw } from '../../src/domain/budgets.ts';
import {
  countersAreTheLog,
  db,
  limit,
  one,
  opened,
  record,
  rejected,
  spent,
  unknown,
  useBudgetDatabase,
  used,
} from '../support/budget-scene.ts';

useBudgetDatabase();

describe('money', () => {
  const text = (more: Partial<Draw>): Draw[] => [{ scope: 'account', name: 'writer', effects: 1, ...more }];
  const money = async () => (await used('account', 'writer'))[1];
  beforeEach(async () => {
    await db.query(
      `INSERT INTO aol_accounts (name, provider, identity, server) VALUES ('writer', 'openai', 'api.openai.com', 'https://api.openai.com')`,
    );
    await limit('account', 'writer', 100, 'hour');
    await limit('account', 'writer', 1_000_000, 'day', 'microUsd');
  });

  test('is reserved by what it may cost, and settled by what it did', async () => {
    const request = await one(text({ microUsd: 700_000 }));
    const attempt = await opened(request);
    expect(await passGate(db, await one(text({ microUsd: 400_000 })))).toMatchObject({
      kind: 'no_room',
      reason: 'the budget of account writer, 1.00 USD in a day, has 0.30 USD left, and this takes 0.40 USD',
    });
    await record(request, attempt, spent(0.012_345_6));
    expect(await money()).toBe(12_346);
    await countersAreTheLog();
  });

  test('of what was refused comes back, and its place stays; of what nobody knows it stays', async () => {
    const [refused, lost] = [await one(text({ microUsd: 5 })), await one(text({ microUsd: 7 }))];
    await record(refused, await opened(refused), rejected);
    await record(lost, await opened(lost), unknown);
    expect(await used('account', 'writer')).toEqual([2, 7]);
    await countersAreTheLog();
  });

  test('a repeat costs once more', async () => {
    const request = await one(text({ microUsd: 400_000 }), { kind: 'harmless', maxRepeats: 3 });
    for (let number = 0; number < 2; number += 1) await record(request, await opened(request), unknown);
    expect(await used('account', 'writer')).toEqual([1, 800_000]);
    expect(await passGate(db, request)).toMatchObject({ kind: 'no_room', heldBy: 'writer' });
    await countersAreTheLog();
  });

  test('does not let pass what nobody knows the price of, until it has one', async () => {
    expect(await passGate(db, await one(text({ unpriced: true })))).toMatchObject({
      kind: 'no_room',
      untilMs: null,
      reason: expect.stringContaining('nobody knows what this costs'),
    });
    await limit('account', 'writer', null, 'day', 'microUsd');
    const request = await one(text({ unpriced: true }));
    await record(request, await opened(request), spent(0.5));
    await limit('account', 'writer', 1_000_000, 'day', 'microUsd');
    expect(await money()).toBe(500_000);
  });
});
