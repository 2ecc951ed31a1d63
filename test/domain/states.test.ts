import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ACTION_STATUSES,
  canTransition,
  INITIAL_STATUS,
  isFinal,
  isSettled,
  TRANSITIONS,
} from '../../src/domain/states.ts';

const anyStatus = fc.constantFrom(...ACTION_STATUSES);

describe('the life of an action', () => {
  test('every status can be reached from the first one', () => {
    const reached = new Set([INITIAL_STATUS]);
    for (const from of reached) for (const to of TRANSITIONS[from]) reached.add(to);
    expect([...reached].sort()).toEqual([...ACTION_STATUSES].sort());
  });

  test('SUCCESS and CANCELLED are final, and nothing else is', () => {
    expect(ACTION_STATUSES.filter(isFinal).sort()).toEqual(['CANCELLED', 'SUCCESS']);
  });

  test('settled statuses wait for nobody but a person', () => {
    expect(ACTION_STATUSES.filter(isSettled).sort()).toEqual(['CANCELLED', 'DLQ', 'SUCCESS', 'UNCONFIRMED']);
  });

  test('no walk along the arrows leaves a final status, and every walk can still end', () => {
    fc.assert(
      fc.property(fc.array(anyStatus, { maxLength: 30 }), (wishes) => {
        let status = INITIAL_STATUS;
        for (const wish of wishes) {
          if (canTransition(status, wish)) {
            expect(isFinal(status)).toBe(false);
            status = wish;
          }
        }
        expect(endsFrom(status)).toBe(true);
      }),
    );
  });

  test('staying is not an arrow', () => {
    for (const status of ACTION_STATUSES) expect(canTransition(status, status)).toBe(false);
  });

  test('docs/states.md shows exactly these arrows', () => {
    const page = readFileSync(new URL('../../docs/states.md', import.meta.url), 'utf8');
    const shown = [...page.matchAll(/^\| ([A-Z_]+) \| ([A-Z_]+) \|/gm)].map((row) => `${row[1]}→${row[2]}`);
    const arrows = ACTION_STATUSES.flatMap((from) => TRANSITIONS[from].map((to) => `${from}→${to}`));
    expect(shown.sort()).toEqual(arrows.sort());
  });
});

function endsFrom(start: (typeof ACTION_STATUSES)[number]): boolean {
  const reached = new Set([start]);
  for (const from of reached) for (const to of TRANSITIONS[from]) reached.add(to);
  return [...reached].some(isFinal);
}
