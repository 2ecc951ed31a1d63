/** A batch's text, item by item: each is parsed by itself, so that no batch takes the time of all its items at once. */

import { InvalidRequestError } from '../../domain/errors.ts';
import { MAX_BATCH_ACTIONS, MAX_BODY_BYTES } from '../../domain/limits.ts';
import { parseJsonText } from './json-text.ts';

/** The text around the items is a few names and brackets. */
const MOST_AROUND = 64 * 1024;
/** So many characters are looked at between two pauses. */
const STRETCH = 128 * 1024;
/** The items stand in an array in an object. */
const DEPTH_OF_ITEMS = 2;
const SPACES = /^\s*$/;

interface BatchText {
  /** The text with a number in the place of each item. */
  readonly around: string;
  readonly items: readonly string[];
}

/**
 * Parses a batch as `parseJsonText` does. An item that is larger than a request by itself may be is not parsed: in its place
 * stands the error. Nothing else is known of the items yet.
 *
 * @param pause awaited again and again, before each piece of work of some milliseconds
 * @throws InvalidRequestError for text that is no JSON, or says two things
 */
export async function parseBatchText(text: string, pause: () => Promise<void>): Promise<unknown> {
  const { around, items } = await split(text, pause);
  const parsed: unknown[] = [];
  for (const [index, item] of items.entries()) {
    await pause();
    parsed.push(parseItem(item, index));
  }
  return fill(parseJsonText(around), parsed);
}

async function split(text: string, pause: () => Promise<void>): Promise<BatchText> {
  const parts: string[] = [];
  const items: string[] = [];
  let depth = 0;
  let inObject = false;
  let inArray = false;
  /** Up to where the text is in `parts` or `items`. */
  let taken = 0;
  const endItem = (end: number) => {
    const item = text.slice(taken, end);
    taken = end;
    if (SPACES.test(item.slice(0, 100)) && SPACES.test(item)) return;
    parts.push(String(items.length));
    items.push(item);
    if (items.length > MAX_BATCH_ACTIONS) throw tooMany();
  };
  const keep = (end: number) => {
    parts.push(text.slice(taken, end));
    taken = end;
  };
  let nextPause = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (at >= nextPause) {
      await pause();
      nextPause = at + STRETCH;
    }
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1;
        if (depth === 1) inObject = text.charCodeAt(at) === OPEN_BRACE;
        if (!inObject || depth !== DEPTH_OF_ITEMS || text.charCodeAt(at) !== OPEN_BRACKET) break;
        inArray = true;
        keep(at + 1);
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (inArray && depth === DEPTH_OF_ITEMS) {
          endItem(at);
          inArray = false;
        }
        depth -= 1;
        break;
      case COMMA:
        if (!inArray || depth !== DEPTH_OF_ITEMS) break;
        endItem(at);
        keep(at + 1);
        break;
      default:
    }
  }
  keep(text.length);
  const around = parts.join('');
  if (around.length > MOST_AROUND) throw malformed('must be {"actions": […]} and nothing else', 'body');
  return { around, items };
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** The quote that ends the string which begins here, or the text's end. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = end;
    while (text.charCodeAt(slashes - 1) === BACKSLASH) slashes -= 1;
    if ((end - slashes) % 2 === 0) return end;
  }
  return text.length;
}

function parseItem(text: string, index: number): unknown {
  if (text.length > MAX_BODY_BYTES) return malformed(`must be at most ${MAX_BODY_BYTES} bytes`, 'action');
  try {
    return parseJsonText(text);
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    const problems = error.problems.map(({ field, rule }) => ({
      field: field === 'body' ? `actions.${index}` : `actions.${index}.${field}`,
      rule,
    }));
    const [first] = problems;
    throw new InvalidRequestError(`${first?.field} ${first?.rule}`, problems, { cause: error });
  }
}

/** Puts the items where their numbers stand. */
function fill(around: unknown, items: readonly unknown[]): unknown {
  if (typeof around !== 'object' || around === null || Array.isArray(around)) return around;
  const filled = Object.entries(around).map(([name, value]) =>
    Array.isArray(value) ? [name, value.map((number: number) => items[number])] : [name, value],
  );
  return Object.fromEntries(filled);
}

function malformed(rule: string, field: string): InvalidRequestError {
  return new InvalidRequestError(`${field} ${rule}`, [{ field, rule }]);
}

function tooMany(): InvalidRequestError {
  return malformed(`must hold at most ${MAX_BATCH_ACTIONS} actions`, 'actions');
}
