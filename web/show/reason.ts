import { localTimes } from '../parts/words.ts';

const QUOTED = /"(?:[^"\\]|\\.)*"$/u;

/** Why an attempt failed, by the reader’s clock, with what the provider answered without the backslashes of its JSON text. */
export function plainReason(reason: string): string {
  return localTimes(reason).replace(QUOTED, (quoted) => {
    try {
      const text: unknown = JSON.parse(quoted);
      return typeof text === 'string' ? text : quoted;
    } catch {
      return quoted;
    }
  });
}
