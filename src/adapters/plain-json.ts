/** Copies whatever an adapter returned into plain JSON, or says why that cannot be. */

import { type JsonValue, textProblem } from '../contracts/http/json.ts';
import { MAX_JSON_DEPTH } from '../domain/limits.ts';
import { RenderError } from './errors.ts';

interface Budget {
  left: number;
}

/**
 * A deep copy that shares nothing with the original, so that getters, proxies and later changes cannot make two
 * readings differ. Refuses what JSON would drop or bend: undefined, NaN, dates, `toJSON`, cycles, lone surrogates.
 *
 * @param maximumCharacters bounds texts, names and the number of values together
 */
export function plainJson(value: unknown, maximumCharacters: number, name = 'effect'): JsonValue {
  return copy(value, name, 0, { left: maximumCharacters });
}

function copy(value: unknown, path: string, depth: number, budget: Budget): JsonValue {
  if (depth > MAX_JSON_DEPTH) throw new RenderError(`${path}: must not be nested deeper than ${MAX_JSON_DEPTH} levels`);
  spend(budget, 1, path);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return text(value, path, budget);
  if (typeof value === 'number') return number(value, path);
  if (typeof value !== 'object') throw new RenderError(`${path}: must be JSON, and is a ${typeof value}`);
  if (Array.isArray(value)) {
    spend(budget, value.length, path);
    return Array.from(value, (item, index) => copy(item, `${path}.${index}`, depth + 1, budget));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new RenderError(`${path}: must be a plain object`);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const copiedKey = text(key, `${path}: a name`, budget);
      return [copiedKey, copy(item, `${path}.${copiedKey.slice(0, 60)}`, depth + 1, budget)];
    }),
  );
}

function text(value: string, path: string, budget: Budget): string {
  spend(budget, value.length, path);
  const problem = textProblem(value);
  if (problem) throw new RenderError(`${path}: ${problem}`);
  return value;
}

function number(value: number, path: string): number {
  if (!Number.isFinite(value)) throw new RenderError(`${path}: must be a finite number`);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new RenderError(`${path}: must lie within ±(2^53 − 1)`);
  }
  return value;
}

function spend(budget: Budget, characters: number, path: string): void {
  budget.left -= characters;
  if (budget.left < 0) throw new RenderError(`${path.slice(0, 200)}: the effect is larger than 1 MiB`);
}
