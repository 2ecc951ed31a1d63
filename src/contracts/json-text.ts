/** JSON text that says one thing only, within limits, before any schema sees it. */

import { type FieldProblem, InvalidRequestError } from '../domain/errors.ts';
import { MAX_JSON_DEPTH } from '../domain/limits.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses JSON. What JSON.parse would accept and change in silence is refused: names that stand twice, numbers that would
 * be rounded, names that reach into prototypes, and nesting that later steps could not walk.
 *
 * @throws InvalidRequestError
 */
export function parseJsonText(source: Uint8Array | string, maxDepth: number = MAX_JSON_DEPTH): unknown {
  const text = typeof source === 'string' ? source : decode(source);
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

function decode(body: Uint8Array): string {
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

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],:]/gy;
const BETWEEN = /[\s]+|true|false|null/gy;

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
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      const rule = this.#visit(token);
      if (rule !== undefined) return { field: this.#path(), rule };
    }
    return undefined;
  }

  #next(): string | undefined {
    this.#position = skip(BETWEEN, this.#text, this.#position);
    TOKEN.lastIndex = this.#position;
    const token = TOKEN.exec(this.#text)?.[0];
    if (token !== undefined) this.#position += token.length;
    return token;
  }

  /** The rule that a token breaks, if any. */
  #visit(token: string): string | undefined {
    const level = this.#levels.at(-1);
    switch (token[0]) {
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
      case ':':
        return undefined;
      case '"':
        return this.#expectsName && level ? this.#name(token, level) : undefined;
      default:
        return numberRule(token);
    }
  }

  #open(level: Level): string | undefined {
    this.#levels.push(level);
    this.#expectsName = level.names !== null;
    if (this.#levels.length <= this.#maxDepth) return undefined;
    this.#levels.length = 4;
    return `must not be nested deeper than ${this.#maxDepth} levels`;
  }

  #name(token: string, level: Level): string | undefined {
    const parsed: unknown = JSON.parse(token);
    const name = String(parsed);
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

function skip(pattern: RegExp, text: string, from: number): number {
  let position = from;
  pattern.lastIndex = position;
  while (pattern.test(text)) {
    position = pattern.lastIndex;
  }
  return position;
}

function numberRule(token: string): string | undefined {
  const value = Number(token);
  if (!Number.isFinite(value)) return 'must be a finite number';
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return 'must lie within ±(2^53 − 1)';
  return undefined;
}
