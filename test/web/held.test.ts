/** A list that stands still while the server's list changes. */

import { expect, test } from '@jest/globals';
import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { freshOf, goneOf, heldAfter, heldOf, heldWithout } from '../../web/decisions/held.ts';

const at = '2026-11-28T12:00:00.000Z';

function action(id: string, summary = id): ActionSummary {
  return {
    id,
    summary,
    lane: 'default',
    type: 'POST_SOCIAL',
    idempotencyKey: id,
    status: 'AWAITING_APPROVAL',
    mode: 'REAL',
    promotedFrom: null,
    revises: null,
    revisedBy: null,
    priority: 0,
    runAt: at,
    attempts: 0,
    maxAttempts: 3,
    dlqReason: null,
    artifactSha256: null,
    artifactUri: null,
    approval: { needed: true, by: null, at: null, sha256: null, expires: null, changesRequested: null },
    approvalExpiresFirst: false,
    receipt: null,
    lastError: null,
    cancelRequested: false,
    waiting: null,
    heldBy: null,
    createdBy: 'test',
    createdAt: at,
    updatedAt: at,
    finishedAt: null,
    temporal: { workflowId: null, runId: null, url: null },
  };
}

const read = (ids: string, nextCursor: string | null = null) => ({
  items: [...ids].map((id) => action(id)),
  nextCursor,
});
const idsOf = (actions: readonly ActionSummary[]) => actions.map(({ id }) => id).join('');

test('what comes anew, before or behind the others, is left out; what changed changes in its place', () => {
  const before = heldOf(read('abc'));
  const changed = {
    items: [action('x'), action('a'), action('b', 'changed'), action('c'), action('y')],
    nextCursor: null,
  };
  const after = heldAfter(before, changed);
  expect(idsOf(after.actions)).toBe('abc');
  expect(after.actions[1]?.summary).toBe('changed');
});

test('what the server had more of moves up behind the last one', () => {
  const before = heldOf(read('abc', 'next'));
  const after = heldAfter(heldWithout(before, ['a']), read('xbcd', 'next'));
  expect(idsOf(after.actions)).toBe('bcd');
  const end = heldAfter(after, read('xcde'));
  expect(idsOf(end.actions)).toBe('bcde');
  expect(idsOf(heldAfter(end, read('xcdef')).actions)).toBe('bcde');
});

test('an empty list takes what is there', () => {
  expect(idsOf(heldAfter(heldOf(read('')), read('ab')).actions)).toBe('ab');
});

test('what somebody else decided is gone; what new ones pushed beyond the page is not', () => {
  const held = heldOf(read('abcd', 'next'));
  expect([...goneOf(held, read('xacd', 'next'))]).toEqual(['b']);
  expect([...goneOf(held, read('xyab', 'next'))]).toEqual([]);
  expect([...goneOf(held, read('xyab'))]).toEqual(['c', 'd']);
  expect([...goneOf(held, read('wxyz', 'next'))]).toEqual([]);
  expect([...goneOf(held, read(''))]).toEqual(['a', 'b', 'c', 'd']);
});

test('a reading that is older than a decision brings back nothing, in whichever order the two come', () => {
  const held = heldOf(read('abc', 'next'));
  const older = read('abc', 'next');
  const decided = heldWithout(held, ['a', 'b', 'c']);
  expect(heldAfter(decided, older)).toEqual(heldWithout(heldAfter(held, older), ['a', 'b', 'c']));
  expect(idsOf(heldAfter(decided, older).actions)).toBe('');
  expect(freshOf(decided, older)).toEqual([]);
  expect(idsOf(heldAfter(heldAfter(decided, older), read('def', 'next')).actions)).toBe('def');
});

test('what was decided here is there again once it has changed since', () => {
  const decided = heldWithout(heldOf(read('ab')), ['a']);
  const again = { items: [{ ...action('a'), updatedAt: '2026-11-28T12:00:01.000Z' }, action('b')], nextCursor: null };
  expect(idsOf(freshOf(decided, again))).toBe('a');
});
