/** The steps of a life: drawn one after another while it goes on, and shortened to those that it takes to fail. */

import fc from 'fast-check';
import type { Life, Move, Step } from './life.ts';
import { outsideSteps } from './outside-steps.ts';
import { workerSteps } from './worker-steps.ts';

/** So many steps of a sequence are taken; of those that are drawn, many cannot be taken when their turn comes. */
const MOST_STEPS = 30;
const MOST_DRAWN = 240;

const anyStep = fc.oneof(...workerSteps, ...outsideSteps);

/** Played once: it remembers which of its steps could be taken. */
export class Sequence {
  readonly taken: fc.Value<Step>[] = [];
  readonly #draw: () => fc.Value<Step> | undefined;

  constructor(draw: () => fc.Value<Step> | undefined) {
    this.#draw = draw;
  }

  /** The steps that were taken, to be played once more. */
  again(): Sequence {
    return sequenceOf(this.taken);
  }

  /** The next step that can be taken; undefined at the end. */
  next(life: Life): { readonly kind: string; readonly move: Move } | undefined {
    if (this.taken.length === MOST_STEPS) return undefined;
    for (let drawn = this.#draw(); drawn; drawn = this.#draw()) {
      const { kind, move } = drawn.value;
      const taken = move(life);
      if (!taken) continue;
      this.taken.push(drawn);
      return { kind, move: taken };
    }
    return undefined;
  }
}

function sequenceOf(steps: readonly fc.Value<Step>[]): Sequence {
  const left = [...steps];
  return new Sequence(() => left.shift());
}

export class Sequences extends fc.Arbitrary<Sequence> {
  generate(random: fc.Random, biasFactor: number | undefined): fc.Value<Sequence> {
    const own = random.clone();
    let left = MOST_DRAWN;
    const draw = () => {
      left -= 1;
      return left < 0 ? undefined : anyStep.generate(own, biasFactor);
    };
    return new fc.Value(new Sequence(draw), undefined);
  }

  canShrinkWithoutContext(value: unknown): value is Sequence {
    return value instanceof Sequence;
  }

  /** First to the steps that were taken, without half of them, a quarter, and so on to one; then with each of them made simpler. */
  shrink({ taken }: Sequence, context: unknown): fc.Stream<fc.Value<Sequence>> {
    const place = context instanceof Place ? context : new Place(Math.ceil(taken.length / 2), taken.length, 0);
    return fc.stream(shorter(taken, place)).map(([steps, next]) => new fc.Value(sequenceOf(steps), next));
  }
}

/** Where shortening goes on: so many steps are left out, the last ones before `end`; then this one is made simpler. */
class Place {
  readonly size: number;
  readonly end: number;
  readonly simpler: number;

  constructor(size: number, end: number, simpler: number) {
    this.size = size;
    this.end = end;
    this.simpler = simpler;
  }
}

type Steps = readonly fc.Value<Step>[];

function* shorter(steps: Steps, place: Place): IterableIterator<readonly [Steps, Place]> {
  const { length } = steps;
  for (let { size, end } = place; size >= 1; size = Math.floor(size / 2), end = length) {
    for (end = Math.min(end, length); end > 0; end -= size) {
      const rest = [...steps.slice(0, Math.max(0, end - size)), ...steps.slice(end)];
      // Without this one, others before and after it may not matter any more.
      yield [rest, new Place(size, size === 1 ? length : end - size, 0)];
    }
  }
  for (const [index, { value, context }] of steps.entries()) {
    if (index < place.simpler) continue;
    for (const simpler of anyStep.shrink(value, context)) yield [steps.with(index, simpler), new Place(0, 0, index)];
  }
}
