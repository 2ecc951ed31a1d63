/** A limit on waiting for others, which our own work does not use up. */

import { expect, test } from '@jest/globals';
import { startTurnLimit } from '../../src/domain/turn-limit.ts';

const tooLate = () => new Error('too late');

test('it is reached after its time, and never when it was closed', async () => {
  const startedMs = performance.now();
  await expect(startTurnLimit(120, tooLate).reached).rejects.toThrow('too late');
  expect(performance.now() - startedMs).toBeGreaterThan(100);
  const closed = startTurnLimit(1, tooLate);
  closed.close();
  await expect(
    Promise.race([closed.reached, startTurnLimit(60, () => new Error('the other')).reached]),
  ).rejects.toThrow('the other');
});

test('work of this process that holds the event loop does not reach it', async () => {
  const limit = startTurnLimit(200, tooLate);
  const untilMs = performance.now() + 600;
  while (performance.now() < untilMs);
  const answer = new Promise((resolve) => setTimeout(resolve, 20, 'heard'));
  expect(await Promise.race([answer, limit.reached])).toBe('heard');
  limit.close();
});
