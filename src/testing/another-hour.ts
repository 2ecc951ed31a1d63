/** A rendering must not read the clock, nor draw a number: whatever does gets others here. */

const DAY_MS = 86_400_000;

/** Runs it as if it were a day later, and with other random numbers. Both are as before when it has ended. */
export async function atAnotherHour<Result>(work: () => Promise<Result>): Promise<Result> {
  const { Date: realDate } = globalThis;
  const { random } = Math;
  const now = () => realDate.now() + DAY_MS;
  const laterDate = new Proxy(realDate, {
    construct: (target, given: unknown[], made) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, made),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
  Reflect.set(globalThis, 'Date', laterDate);
  Math.random = () => 0.123;
  try {
    return await work();
  } finally {
    Reflect.set(globalThis, 'Date', realDate);
    Math.random = random;
  }
}
