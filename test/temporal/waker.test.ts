import { describe, expect, test } from '@jest/globals';
import { temporalLinks } from '../../src/temporal/links.ts';
import { createWaker } from '../../src/temporal/waker.ts';

/** Signals to one lane are spaced, so that it finds the moment to continue as new. */
const SPACING_AND_SPARE_MS = 100;

/** A server whose answers the test gives. */
function slowServer() {
  const sent: string[] = [];
  const open: { resolve(): void; reject(error: Error): void }[] = [];
  const lost: string[] = [];
  const waker = createWaker({
    signal: (workflowId, signalName) => {
      sent.push(`${signalName} ${workflowId}`);
      return new Promise((resolve, reject) => open.push({ resolve, reject }));
    },
    onLost: (lane, reason) => lost.push(`${lane}: ${reason}`),
  });
  const answer = async (how: 'resolve' | 'reject' = 'resolve') => {
    const call = open.shift();
    if (how === 'resolve') call?.resolve();
    else call?.reject(new Error('away'));
    await new Promise((resolve) => setTimeout(resolve, SPACING_AND_SPARE_MS));
  };
  return { waker, sent, lost, answer };
}

describe('waker', () => {
  test('sends the first at once and makes one of all that come while it is in flight', async () => {
    const { waker, sent, answer } = slowServer();
    for (let i = 0; i < 10_000; i += 1) waker.wake('default');
    expect(sent).toEqual(['wake aol/default']);
    await answer();
    expect(sent).toHaveLength(2);
    await answer();
    expect(sent).toHaveLength(2);
    waker.wake('default');
    expect(sent).toHaveLength(3);
    await answer();
    await waker.settled();
  });

  test('lanes and signals do not wait for each other', () => {
    const { waker, sent } = slowServer();
    waker.wake('a');
    waker.wake('b');
    waker.signalControl(['a', 'b']);
    expect(sent).toEqual(['wake aol/a', 'wake aol/b', 'control aol/a', 'control aol/b']);
  });

  test('a signal that is lost is told, and the next one goes out', async () => {
    const { waker, sent, lost, answer } = slowServer();
    waker.wake('a');
    await answer('reject');
    expect(lost).toEqual(['a: away']);
    waker.wake('a');
    expect(sent).toHaveLength(2);
  });
});

describe('links', () => {
  test('escape the workflow id', () => {
    const link = temporalLinks('http://127.0.0.1:8233/', 'default');
    expect(link('aol/default/tick/7', 'r-1')).toBe(
      'http://127.0.0.1:8233/namespaces/default/workflows/aol%2Fdefault%2Ftick%2F7/r-1',
    );
    expect(temporalLinks(null, 'default')('a', 'b')).toBeNull();
  });
});
