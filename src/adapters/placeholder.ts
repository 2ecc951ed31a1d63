/** Fields of a request that are filled in at sending: what stands for them in the artifact. */

import type { JsonValue } from '../contracts/http/json.ts';
import { MissingResultError } from './errors.ts';
import type { EffectRequest } from './port.ts';

const PLACEHOLDER = /<added at sending: [^<>]{1,80}>/u;
const RESULT = /^<result of ([a-z0-9-]{1,40})(?:: ([a-zA-Z0-9_]{1,40}))?>$/u;

/** Stands for a value that only sending knows: `<added at sending: authorization>`. */
export function addedAtSending(name: string): string {
  return `<added at sending: ${name}>`;
}

/** Stands for when the effect goes out for the first time: `firstAttemptAt`, the same for a repeat of what may have happened. */
export const FIRST_ATTEMPT = addedAtSending('when it is first sent');

/** Stands for what a preparation will answer, or one member of that: `<result of upload-1: id>`. */
export function resultOf(step: string, member?: string): string {
  return `<result of ${step}${member === undefined ? '' : `: ${member}`}>`;
}

/**
 * The same value with the results of preparations in their places.
 *
 * @throws MissingResultError when one is not there
 */
export function withResults(value: JsonValue, results: Readonly<Record<string, JsonValue>>): JsonValue {
  return filled(value, (step, member) => {
    const result = resultIn(results, step, member);
    if (result === undefined) throw new MissingResultError(`the preparation ${step} has left no ${member ?? 'result'}`);
    return result;
  });
}

/** The same with what is there; the other placeholders stay. */
export function withKnownResults(value: JsonValue, results: Readonly<Record<string, JsonValue>>): JsonValue {
  return filled(value, (step, member) => resultIn(results, step, member));
}

type Fill = (step: string, member: string | undefined) => JsonValue | undefined;

function filled(value: JsonValue, fill: Fill): JsonValue {
  if (typeof value === 'string') {
    const [, step, member] = RESULT.exec(value) ?? [];
    const result = step === undefined ? undefined : fill(step, member);
    return result === undefined ? value : result;
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, fill));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, filled(item, fill)]));
}

function resultIn(
  results: Readonly<Record<string, JsonValue>>,
  step: string,
  member: string | undefined,
): JsonValue | undefined {
  return member === undefined ? results[step] : memberOf(results[step], member);
}

/** The same value with a text in place of the member at the end of a path. */
export function withText(value: JsonValue, [name, ...rest]: readonly string[], text: string): JsonValue {
  if (name === undefined) return text;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, key === name ? withText(member, rest, text) : member]),
  );
}

/** The preparations that a value waits for. */
export function resultsIn(value: unknown): readonly string[] {
  const found: string[] = [];
  collectResults(value, found);
  return found;
}

/** Each proof comes by here: nothing is copied. */
function collectResults(value: unknown, found: string[]): void {
  if (typeof value === 'string') {
    const step = value.startsWith('<') ? RESULT.exec(value)?.[1] : undefined;
    if (step !== undefined) found.push(step);
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) collectResults(item, found);
  }
}

/** Whether the path (`headers.authorization`, `body.record.reply.root.cid`) names a text that holds a placeholder. */
export function holdsPlaceholder(request: EffectRequest, path: string): boolean {
  let value: unknown = request;
  for (const name of path.split('.')) value = ownMember(value, name);
  return typeof value === 'string' && PLACEHOLDER.test(value);
}

function ownMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
