import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ALL_LANES,
  FLAG_NAMES,
  FLAGS,
  type FlagKind,
  type FlagName,
  type FlagRow,
  type FlagValue,
  flagsInForce,
  isFlagValue,
  isLoosening,
  laneMode,
  needsAdmin,
} from '../../src/domain/flags.ts';

const row = (lane: string, name: FlagName, value: FlagRow['value']): FlagRow => ({ lane, name, value });

describe('flags', () => {
  test('every default is a valid value', () => {
    for (const name of FLAG_NAMES) expect(isFlagValue(name, FLAGS[name].default)).toBe(true);
  });

  test.each<[FlagName, unknown, boolean]>([
    ['paused', 'true', false],
    ['paused', true, true],
    ['max_actions_per_tick', 0, false],
    ['max_actions_per_tick', 1, true],
    ['max_actions_per_tick', 1_000, true],
    ['max_actions_per_tick', 1_001, false],
    ['max_actions_per_tick', 1.5, false],
    ['max_actions_per_tick', '3', false],
    ['tick_interval_ms', 0, true],
    ['tick_interval_ms', 3_600_001, false],
    ['max_tick_ms', 999, false],
    ['approval_policy', 'all', true],
    ['approval_policy', 'some', false],
    ['approval_policy', 1, false],
  ])('%s = %j is valid: %s', (name, value, valid) => {
    expect(isFlagValue(name, value)).toBe(valid);
  });

  test('without rows the defaults hold, and REAL is locked', () => {
    const flags = flagsInForce('a', []);
    expect(flags).toEqual({
      paused: false,
      killed: false,
      proof_only: true,
      max_actions_per_tick: 3,
      tick_interval_ms: 5_000,
      max_tick_ms: 20_000,
      max_running: 100,
      approval_policy: 'none',
      approver_must_differ: false,
      approvals_needed: 1,
    });
  });

  test("a lane's own row goes before that of *, and * before the default", () => {
    const rows = [
      row(ALL_LANES, 'max_actions_per_tick', 7),
      row('a', 'max_actions_per_tick', 9),
      row('b', 'max_running', 2),
    ];
    expect(flagsInForce('a', rows).max_actions_per_tick).toBe(9);
    expect(flagsInForce('b', rows).max_actions_per_tick).toBe(7);
    expect(flagsInForce('b', rows).max_running).toBe(2);
    expect(flagsInForce('a', rows).max_running).toBe(100);
    expect(flagsInForce('a', [row('a', 'approval_policy', 'first_of_type')]).approval_policy).toBe('first_of_type');
  });

  test('an approval policy that nobody knows asks a person about everything', () => {
    expect(flagsInForce('a', [row('a', 'approval_policy', 'perhaps')]).approval_policy).toBe('all');
  });

  test('paused and killed of * hold for every lane, whatever its own row says', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom<'paused' | 'killed'>('paused', 'killed'),
        (own, all, name) => {
          const flags = flagsInForce('a', [row('a', name, own), row(ALL_LANES, name, all)]);
          expect(flags[name]).toBe(own || all);
        },
      ),
    );
  });

  test('REAL needs both keys; either alone is PROOF and says why', () => {
    expect(laneMode(true, { proof_only: true })).toEqual({
      mode: 'PROOF',
      why: "AOL_PROOF_MODE is not 0 in the worker, and the lane's proof_only is true",
    });
    expect(laneMode(true, { proof_only: false }).mode).toBe('PROOF');
    expect(laneMode(false, { proof_only: true }).mode).toBe('PROOF');
    expect(laneMode(false, { proof_only: false }).mode).toBe('REAL');
  });
});

describe('loosening', () => {
  const anyName = fc.constantFrom(...FLAG_NAMES);
  const anyValueOf = (name: FlagName): fc.Arbitrary<FlagValue> => {
    const kind: FlagKind = FLAGS[name].kind;
    if (kind.type === 'boolean') return fc.boolean();
    if (kind.type === 'choice') return fc.constantFrom(...kind.choices);
    return fc.integer({ min: kind.minimum, max: kind.maximum });
  };
  const change = anyName.chain((name) =>
    fc.tuple(fc.constant(name), anyValueOf(name), anyValueOf(name), anyValueOf(name)),
  );

  test('is an order: never of a value over itself, never both ways, and steps add up', () => {
    fc.assert(
      fc.property(change, ([name, a, b, c]) => {
        expect(isLoosening(name, a, a)).toBe(false);
        expect(isLoosening(name, a, b) && isLoosening(name, b, a)).toBe(false);
        if (isLoosening(name, a, b) && isLoosening(name, b, c)) expect(isLoosening(name, a, c)).toBe(true);
      }),
    );
  });

  test('of two different limits one is always the looser', () => {
    fc.assert(
      fc.property(change, ([name, a, b]) => {
        if (name === 'paused' || name === 'killed') expect(isLoosening(name, a, b)).toBe(false);
        else expect(isLoosening(name, a, b) || isLoosening(name, b, a)).toBe(a !== b);
      }),
    );
  });

  test('needs an admin, and so does every proof_only: false; nothing else does', () => {
    fc.assert(
      fc.property(change, ([name, a, b]) => {
        expect(needsAdmin(name, a, b)).toBe(isLoosening(name, a, b) || (name === 'proof_only' && b === false));
      }),
    );
  });

  test.each<[FlagName, FlagValue, FlagValue]>([
    ['proof_only', true, false],
    ['max_actions_per_tick', 3, 4],
    ['tick_interval_ms', 5_000, 0],
    ['max_tick_ms', 20_000, 60_000],
    ['max_running', 100, 101],
    ['approval_policy', 'all', 'first_of_type'],
    ['approval_policy', 'first_of_type', 'none'],
    ['approval_policy', 'perhaps', 'none'],
  ])('%s from %j to %j is', (name, before, after) => {
    expect(isLoosening(name, before, after)).toBe(true);
    expect(isLoosening(name, after, before)).toBe(false);
  });
});
