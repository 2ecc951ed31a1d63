/** Permits: callers take turns, and who is gone takes none. */

import { expect, test } from '@jest/globals';
import { type Holder, Semaphore } from '../../src/api/access/semaphore.ts';

const holder = (actor: string, destroyed = false): Holder => ({ actor, raw: { socket: { destroyed } } });

/** A semaphore of one permit, which is taken until `free` is called; and the order in which work began. */
function taken(longestWaitMs = 10_000) {
  const semaphore = new Semaphore({ permits: 1, longestWaitMs, refusal: 'too many of these at once' });
  const begun: string[] = [];
  let free = () => {};
  const first = semaphore.run(holder('first'), () => new Promise<void>((resolve) => (free = resolve)));
  const ask = (name: string, actor: string, destroyed = false) =>
    semaphore.run(holder(actor, destroyed), async () => void begun.push(name));
  return { ask, begun, first, free: () => free() };
}

test('a caller with fifty of them keeps another one waiting behind one, not behind all', async () => {
  const { ask, begun, free } = taken();
  const all = Array.from({ length: 50 }, (_, index) => ask(`greedy ${index + 1}`, 'greedy'));
  all.push(ask('modest 1', 'modest'), ask('modest 2', 'modest'));
  free();
  await Promise.all(all);
  expect(begun.slice(0, 5)).toEqual(['greedy 1', 'modest 1', 'greedy 2', 'modest 2', 'greedy 3']);
  expect(begun).toHaveLength(52);
});

test('work of a connection that is gone is not begun, and its permit goes on', async () => {
  const { ask, begun, free } = taken();
  const gone = ask('gone', 'one', true);
  const there = ask('there', 'one');
  free();
  await expect(gone).rejects.toMatchObject({ code: 'AOL_TOO_MANY_AT_ONCE' });
  await there;
  expect(begun).toEqual(['there']);
});

test('who waits too long is told so, and takes no permit later', async () => {
  const { ask, begun, first, free } = taken(20);
  await expect(ask('late', 'one')).rejects.toMatchObject({
    code: 'AOL_TOO_MANY_AT_ONCE',
    message: 'too many of these at once; try again',
  });
  free();
  await first;
  await ask('after', 'one');
  expect(begun).toEqual(['after']);
});

test('work that fails gives its permit back', async () => {
  const semaphore = new Semaphore({ permits: 1, longestWaitMs: 10_000, refusal: 'too many' });
  await expect(semaphore.run(holder('one'), () => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
  expect(await semaphore.run(holder('one'), async () => 'done')).toBe('done');
});
