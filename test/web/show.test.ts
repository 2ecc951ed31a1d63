/** What the pages make of texts: folded, compared, without backslashes. */

import { describe, expect, test } from '@jest/globals';
import { changesOf, effectDifferences } from '../../web/show/differences.ts';
import { foldOf } from '../../web/show/fold.ts';
import { plainReason } from '../../web/show/reason.ts';

describe('a long text', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}`).join('\n');

  test('is cut after its first lines, with how many more there are', () => {
    expect(foldOf(lines(61), 24)).toEqual({ shown: lines(24), more: '37 more lines' });
    expect(foldOf(lines(24), 24)).toBeUndefined();
    // So few are shown rather than folded away.
    expect(foldOf(lines(27), 24)).toBeUndefined();
    expect(foldOf(lines(28), 24)?.more).toBe('4 more lines');
  });

  test('of one line is cut by its letters, and never within one', () => {
    expect(foldOf('x'.repeat(4_100), 24)).toBeUndefined();
    expect(foldOf('x'.repeat(16_000), 24)).toMatchObject({ more: '12,000 more characters' });
    expect(foldOf(`${'x'.repeat(3_999)}😀${'y'.repeat(9_000)}`, 24)?.shown.isWellFormed()).toBe(true);
    expect(foldOf(`${'x'.repeat(9_000)}\n${lines(40)}`, 24)?.shown).toHaveLength(4_000);
  });
});

describe('a change', () => {
  test('of few words is told by words, in their order', () => {
    expect(changesOf([['It starts on 3 October.', 'It starts on 10 October.']])).toEqual([
      {
        kind: 'words',
        words: [
          { kind: 'same', text: 'It starts on ' },
          { kind: 'removed', text: '3' },
          { kind: 'added', text: '10' },
          { kind: 'same', text: ' October.' },
        ],
      },
    ]);
  });

  test('of more than half is told as a whole: the old and the new under one another', () => {
    const [before, after] = ['Black Friday: 20 % off everything until Sunday', 'New blog post: how we moved our queue'];
    expect(changesOf([[before, after]])).toEqual([{ kind: 'whole', before, after }]);
  });

  test('of texts that would take too long to compare is told as a whole, and those before it are not', () => {
    const long = (word: string) => `${word} `.repeat(1_000);
    const kinds = changesOf([
      ['a b c', 'a b d'],
      [long('old'), long('old')],
    ]).map(({ kind }) => kind);
    expect(kinds).toEqual(['words', 'whole']);
  });

  test('of an effect leaves out what is the action’s own key', () => {
    const effect = (id: string, text: string) => ({
      request: { headers: { 'idempotency-key': `aol-${id}`, 'webhook-id': `aol-${id}` }, body: { value: { text } } },
    });
    const found = effectDifferences(
      { actionId: 'one', effect: effect('one', 'a') },
      { actionId: 'two', effect: effect('two', 'b') },
    );
    expect(found).toEqual([{ path: 'request.body.value.text', before: 'a', after: 'b' }]);
  });
});

test('a provider’s answer stands in a reason as it answered', () => {
  const answer = '{"error":"channel not found"}';
  expect(plainReason(`the receiver answered 404: ${JSON.stringify(answer)}`)).toBe(
    `the receiver answered 404: ${answer}`,
  );
  expect(plainReason('reset "half')).toBe('reset "half');
  expect(plainReason('said "no"')).toBe('said no');
});
