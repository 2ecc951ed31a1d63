/** JSON text that says one thing only, within limits, before any schema sees it. */

import { type FieldProblem, InvalidRequestError } from '../../domain/errors.ts';
import { MAX_JSON_DEPTH } from '../../domain/limits.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses JSON. What JSON.parse would accept and change in silence is refused: names that stand twice, numbers that would
 * become others, names that reach into prototypes, and nesting that later steps could not walk.
 *
 * @throws InvalidRequestError
 */
export function parseJsonText(source: Uint8Array | string, maxDepth: number = MAX_JSON_DEPTH): unknown {
  const text = typeof source === 'string' ? source : decodeUtf8(source);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refused(error instanceof Error ? `is not JSON: ${error.message}` : 'is not JSON', 'body', { cause: error });
  }
  const problem = new JsonScanner(text, maxDepth).firstProblem();
  if (problem) throw refused(problem.rule, problem.field || 'body');
  return value;
}

/** @throws InvalidRequestError */
export function decodeUtf8(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch (error) {
    throw refused('is not UTF-8', 'body', { cause: error });
  }
}

function refused(rule: string, field: string, options?: ErrorOptions): InvalidRequestError {
  return new InvalidRequestError(`${field} ${rule}`, [{ field, rule }], options);
}

interface Level {
  /** Names seen so far; null in an array. */
  readonly names: Set<string> | null;
  /** The name or index that is being read. */
  at: string | number;
}

/** Walks text that is known to be JSON, token by token and without recursion. */
class JsonScanner {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #levels: Level[] = [];
  #position = 0;
  #expectsName = false;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  firstProblem(): FieldProblem | undefined {
    while (this.#position < this.#text.length) {
      const rule = this.#step();
      if (rule !== undefined) return { field: this.#path(), rule };
    }
    return undefined;
  }

  /** Takes the next token, or a space, and answers the rule that it breaks, if any. By characters: bodies have megabytes. */
  #step(): string | undefined {
    const start = this.#position;
    const level = this.#levels.at(-1);
    const character = this.#text.charAt(start);
    this.#position += 1;
    switch (character) {
      case '{':
        return this.#open({ names: new Set(), at: '' });
      case '[':
        return this.#open({ names: null, at: 0 });
      case '}':
      case ']':
        this.#levels.pop();
        this.#expectsName = false;
        return undefined;
      case ',':
        if (typeof level?.at === 'number') level.at += 1;
        this.#expectsName = level?.names != null;
        return undefined;
      case '"':
        this.#position = endOfString(this.#text, start);
        return this.#expectsName && level ? this.#name(this.#text.slice(start, this.#position), level) : undefined;
      default:
        return DIGITS.has(character) ? this.#number(start) : undefined;
    }
  }

  #number(start: number): string | undefined {
    while (NUMBER_PARTS.has(this.#text.charAt(this.#position))) this.#position += 1;
    return numberRule(this.#text.slice(start, this.#position));
  }

  #open(level: Level): string | undefined {
    this.#levels.push(level);
    this.#expectsName = level.names !== null;
    if (this.#levels.length <= this.#maxDepth) return undefined;
    this.#levels.length = 4;
    return `must not be nested deeper than ${this.#maxDepth} levels`;
  }

  #name(token: string, level: Level): string | undefined {
    const name = token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1);
    const parent = this.#levels.at(-2);
    level.at = name;
    this.#expectsName = false;
    if (name === '__proto__' || (name === 'prototype' && parent?.at === 'constructor')) return 'is not an allowed name';
    if (level.names?.has(name)) return 'stands twice';
    level.names?.add(name);
    return undefined;
  }

  #path(): string {
    return this.#levels.map((level) => level.at).join('.');
  }
}

/** Behind the quote that ends the string which begins here. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

/** After an odd number of backslashes. */
function isEscaped(text: string, position: number): boolean {
  let before = position;
  while (text.charAt(before - 1) === '\\') before -= 1;
  return (position - before) % 2 === 1;
}

const DIGITS = new Set('-0123456789');
const NUMBER_PARTS = new Set('-0123456789+.eE');

/** A number of so many characters has too few digits to be rounded, and no exponent that counts. */
const SHORT = 15;

function numberRule(token: string): string | undefined {
  const value = Number(token);
  if (!Number.isFinite(value)) return 'must be a finite number';
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return 'must lie within ±(2^53 − 1)';
  if (Object.is(value, -0)) return 'must be 0 and not -0';
  const isSurely = token.length <= SHORT && !/e/i.test(token);
  if (isSurely || sameNumber(token, String(value))) return undefined;
  return `has more digits than a number keeps, and would become ${value}: send it as text`;
}

/** Whether two texts of JSON's or JavaScript's form write the same number, compared by their digits. */
function sameNumber(left: string, right: string): boolean {
  const [a, b] = [decimal(left), decimal(right)];
  return a.digits === b.digits && a.exponent === b.exponent;
}

/** A number as 0.DIGITS × 10^exponent, without zeros around the digits. Its sign is never changed by rounding. */
function decimal(text: string): { readonly digits: string; readonly exponent: number } {
  const [, whole = '', fraction = '', power = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const all = whole + fraction;
  const significant = all.replace(/^0+/, '');
  const digits = significant.replace(/0+$/, '');
  if (digits === '') return { digits, exponent: 0 };
  return { digits, exponent: Number(power) + whole.length - (all.length - significant.length) };
}
