/** Waits for a condition, not for time. */

import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again until the answer is neither false, null nor undefined; answers it, or throws after the limit. */
export async function until<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
  limitMs = 20_000,
): Promise<Exclude<Answer, false | null | undefined>> {
  const startedAt = performance.now();
  for (;;) {
    const answer = await ask();
    if (isAnswer(answer)) return answer;
    if (performance.now() - startedAt > limitMs) throw new Error(`after ${limitMs} ms still not: ${what}`);
    await delay(10);
  }
}

function isAnswer<Answer>(answer: Answer): answer is Exclude<Answer, false | null | undefined> {
  return answer !== false && answer !== null && answer !== undefined;
}
