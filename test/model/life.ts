/** What a life is played with, and how a kind of step is written down. */

import fc from 'fast-check';
import type { EngineLane } from './engine.ts';
import type { LaneModel } from './model.ts';
import type { Action, Run, Tick } from './parts.ts';

/** A lane as the engine has it and as the model has it, and who ever asked for it. */
export interface Life {
  readonly engine: EngineLane;
  readonly model: LaneModel;
  readonly runs: Run[];
  /** The ticks that were asked for, quiet ones too. */
  tickCount: number;
  /** Under which ticks effects were ever claimed. */
  readonly claims: Claimed[];
}

export interface Claimed {
  readonly action: Action;
  readonly tick: Tick;
  /** What the gate said last; whoever asked acts on it, at once or later. */
  said: Said | undefined;
}

export type Said = Readonly<Record<'kind' | 'reason' | 'receipt' | 'isOpen', unknown>>;

/** What a step is at the moment at which it is taken. */
export interface Move {
  readonly words: string;
  engine(): Promise<unknown>;
  /** What the engine must have answered. */
  model(): unknown;
}

/** One step; its move is undefined where it cannot be taken now. */
export interface Step {
  readonly kind: string;
  readonly move: (life: Life) => Move | undefined;
}

/** How often a kind of step is drawn among the others. */
export interface WeightedSteps {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<Step>;
}

/** @param drawn what is drawn with it, so that the same step can be taken again where others are left out */
export function step<Drawn>(
  kind: string,
  weight: number,
  drawn: fc.Arbitrary<Drawn>,
  move: (life: Life, drawn: Drawn) => Move | undefined,
): WeightedSteps {
  return { weight, arbitrary: drawn.map((values) => ({ kind, move: (life: Life) => move(life, values) })) };
}

/** In so many of a hundred the first, to which a failure is shortened as well. */
export const mostly = <const Value>(weight: number, usual: Value, ...others: Value[]) =>
  fc.oneof(
    { withCrossShrink: true },
    { weight, arbitrary: fc.constant(usual) },
    { weight: 100 - weight, arbitrary: fc.constantFrom(...others) },
  );

export const rarely = mostly(90, false, true);

/** Chooses one of those there are, by {@link at}. */
export const pick = fc.nat({ max: 11 });

export const at = <Item>(items: readonly Item[], index: number): Item | undefined => items[index % (items.length || 1)];
