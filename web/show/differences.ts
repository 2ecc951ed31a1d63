/** What differs between two effects, path by path; in long texts, word by word. */

import { isObject } from '../../src/contracts/http/json.ts';
import { providerKey } from '../../src/contracts/names.ts';

export interface Difference {
  /** `request.body.record.text` */
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** How a text became another: by words that stay, or as a whole where little stays. */
export type Change =
  | { readonly kind: 'words'; readonly words: readonly Word[] }
  | { readonly kind: 'whole'; readonly before: string; readonly after: string };

export interface Word {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

const MAX_PATHS = 5_000;
/** The comparison of words takes the product of both lengths, and this much over all texts of two effects. */
const MAX_COMPARED = 1_000_000;

/**
 * What is sent otherwise. The preview is left out, because it says the same in other words, but for a mail, whose words lie in a
 * file; and what holds nothing but the action's own key, which differs each time.
 */
export function effectDifferences(before: EffectOf, after: EffectOf): readonly Difference[] {
  return differences(comparable(before), comparable(after));
}

interface EffectOf {
  readonly actionId: string;
  readonly effect: unknown;
}

function comparable({ actionId, effect }: EffectOf): unknown {
  if (!isObject(effect)) return effect;
  const { preview, ...others } = effect;
  const sent =
    isObject(effect.request) && 'message' in effect.request ? { preview, ...withoutMessage(others) } : others;
  const key = providerKey(actionId);
  return JSON.parse(JSON.stringify(sent), (_name, value: unknown) => (value === key ? 'the key of the action' : value));
}

/** The file of a mail's message is told once, by its hash in the request. */
function withoutMessage(effect: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { blobs, request } = effect;
  if (!Array.isArray(blobs) || !isObject(request)) return effect;
  return { ...effect, blobs: blobs.filter((blob: unknown) => !isObject(blob) || blob.sha256 !== request.message) };
}

export function differences(before: unknown, after: unknown): readonly Difference[] {
  const old = flattened(before);
  const fresh = flattened(after);
  const paths = [...new Set([...old.keys(), ...fresh.keys()])];
  return paths
    .map((path) => ({ path, before: old.get(path), after: fresh.get(path) }))
    .filter((difference) => difference.before !== difference.after);
}

function flattened(value: unknown): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (part: unknown, path: string): void => {
    if (found.size >= MAX_PATHS) return;
    if (Array.isArray(part) && part.length > 0) {
      for (const [index, item] of part.entries()) walk(item, `${path}[${index}]`);
    } else if (isObject(part) && Object.keys(part).length > 0) {
      for (const [name, item] of Object.entries(part)) walk(item, path === '' ? name : `${path}.${name}`);
    } else found.set(path, typeof part === 'string' ? part : (JSON.stringify(part) ?? ''));
  };
  walk(value, '');
  return found;
}

/**
 * How texts became others, in their order. Where more than half of the longer one changed it is told as a whole: words of both in
 * one line could not be read.
 */
export function changesOf(pairs: readonly (readonly [before: string, after: string])[]): readonly Change[] {
  let compared = 0;
  return pairs.map(([before, after]) => {
    const old = wordsOf(before);
    const fresh = wordsOf(after);
    compared += old.length * fresh.length;
    const words = compared > MAX_COMPARED ? [] : wordDifferences(old, fresh);
    const stays = lengthOf(words.filter(({ kind }) => kind === 'same').map(({ text }) => text));
    return 2 * stays < Math.max(lengthOf(old), lengthOf(fresh))
      ? { kind: 'whole', before, after }
      : { kind: 'words', words };
  });
}

/** In letters: what separates words is no sign of likeness. */
function lengthOf(words: readonly string[]): number {
  return words.join('').replaceAll(/[^\p{L}\p{N}]/gu, '').length;
}

/** The longest common run of words stays; the rest was removed or added. */
function wordDifferences(old: readonly string[], fresh: readonly string[]): readonly Word[] {
  const lengths = commonLengths(old, fresh);
  const words: Word[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < fresh.length) {
    const [left = '', right = ''] = [old[i], fresh[j]];
    if (i < old.length && j < fresh.length && left === right) {
      push(words, 'same', left);
      i += 1;
      j += 1;
    } else if (j >= fresh.length || (i < old.length && lengthAt(lengths, i + 1, j) >= lengthAt(lengths, i, j + 1))) {
      push(words, 'removed', left);
      i += 1;
    } else {
      push(words, 'added', right);
      j += 1;
    }
  }
  return words;
}

function wordsOf(text: string): readonly string[] {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

function commonLengths(old: readonly string[], fresh: readonly string[]): readonly Uint16Array[] {
  const rows = Array.from({ length: old.length + 1 }, () => new Uint16Array(fresh.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      const row = rows[i];
      if (!row) continue;
      row[j] =
        old[i] === fresh[j]
          ? lengthAt(rows, i + 1, j + 1) + 1
          : Math.max(lengthAt(rows, i + 1, j), lengthAt(rows, i, j + 1));
    }
  }
  return rows;
}

function lengthAt(rows: readonly Uint16Array[], i: number, j: number): number {
  return rows[i]?.[j] ?? 0;
}

function push(words: Word[], kind: Word['kind'], text: string): void {
  const last = words.at(-1);
  if (last?.kind === kind) words[words.length - 1] = { kind, text: last.text + text };
  else words.push({ kind, text });
}
