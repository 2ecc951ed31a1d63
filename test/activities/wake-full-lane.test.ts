import { describe, expect, test } from '@jest/globals';
import { createWakeFullLane } from '../../src/activities/wake-full-lane.ts';
import { until } from '../support/until.ts';

function lane() {
  const woken: string[] = [];
  return { woken, ...createWakeFullLane((name) => woken.push(name)) };
}

describe('a lane that had no room for all that was due', () => {
  test('is woken at once when the last of its effects ends', () => {
    const { looks, looked, ended, woken } = lane();
    looks('a');
    looked('a', true);
    ended('a', 0);
    expect(woken).toEqual(['a']);
  });

  test('is woken once for effects that end one after another', async () => {
    const { looks, looked, ended, woken } = lane();
    looks('a');
    looked('a', true);
    ended('a', 2);
    ended('a', 1);
    expect(woken).toEqual([]);
    await until('woken', async () => woken.length > 0);
    ended('a', 0);
    expect(woken).toEqual(['a']);
  });

  test('is woken for an effect that ended while it was looked at, though none follows', async () => {
    const { looks, looked, ended, woken } = lane();
    looks('a');
    ended('a', 0);
    looked('a', true);
    await until('woken', async () => woken.length > 0);
    expect(woken).toEqual(['a']);
  });

  test('is not woken when there was room', () => {
    const { looks, looked, ended, woken } = lane();
    looks('a');
    ended('a', 1);
    looked('a', false);
    ended('a', 0);
    expect(woken).toEqual([]);
  });
});
