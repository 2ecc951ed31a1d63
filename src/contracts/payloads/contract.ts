/** What everybody may know of an action type without knowing its adapter. */

import { z } from 'zod';
import type { FieldProblem } from '../../domain/errors.ts';
import { type JsonObject, jsonObjectSchema } from '../http/json.ts';

/**
 * What becomes of an effect that may have happened, when it is tried again: the provider performs it once (`dedupes`), it can
 * be asked whether it did (`reconciles`), a repeat harms nobody (`harmless`), none of these (`neither`), or it depends on the payload.
 */
export const REDELIVERIES = ['dedupes', 'reconciles', 'harmless', 'neither', 'depends'] as const;
export type Redelivery = (typeof REDELIVERIES)[number];

/** A stored file, as far as a payload's rules are concerned. */
export interface NamedFile {
  readonly mediaType: string;
  readonly byteCount: number;
  /** In pixels; null for what is no picture. */
  readonly width: number | null;
  readonly height: number | null;
}

export interface ActionContract<Payload> {
  /** `POST_SOCIAL`: upper case, digits and underscores. */
  readonly type: string;
  readonly title: string;
  readonly payload: z.ZodType<Payload>;
  /** A payload that passes, for documentation and forms. */
  readonly example: Payload;
  /** Whether its adapter can perform. Absent means no: it renders proofs, and REAL is refused at enqueue. */
  readonly performs?: boolean;
  /** Absent means neither. */
  readonly redelivery?: Redelivery;
  /** Variables of the environment without which REAL is refused. */
  readonly realVariables?: readonly string[];
  /**
   * What a payload's files must be besides being there, field by field. Files stand in `media` or `attachments`, by their SHA-256.
   *
   * @param files those of them that are there, by SHA-256
   */
  checkFiles?(payload: Payload, files: ReadonlyMap<string, NamedFile>): readonly FieldProblem[];
  /**
   * The id of the action of the same type that has to be done before: its receipt is needed. Absent, or undefined: none.
   *
   * @param payload one that passes
   */
  after?(payload: JsonObject): string | undefined;
  /** Whose account a payload needs, and its name if it says one: REAL is refused while there is none. Absent: nobody's. */
  account?(payload: Payload): { readonly provider: string; readonly name?: string | undefined };
  /** By provider, the variables that its one account needs where there is no file of accounts. */
  readonly providers?: Readonly<Record<string, readonly string[]>>;
  /** Bounds of the content in words, by what they bound: `{'content on x': '280 weighted characters'}`. */
  readonly limits?: Readonly<Record<string, string>>;
}

export type PayloadCheck =
  | { readonly ok: true; readonly payload: JsonObject }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

/** A contract whose payload type is forgotten, so that contracts of many types can stand in one list. */
export interface AnyActionContract {
  readonly type: string;
  readonly title: string;
  readonly example: JsonObject;
  /** False while its adapter renders proofs but performs nothing. */
  readonly performs: boolean;
  readonly redelivery: Redelivery;
  readonly realVariables: readonly string[];
  readonly limits: Readonly<Record<string, string>>;
  readonly providers: Readonly<Record<string, readonly string[]>>;
  /** Whose account a payload needs; undefined: nobody's, or it is no payload of this type. */
  account(payload: unknown): { readonly provider: string; readonly name?: string | undefined } | undefined;
  /** The id of the action that has to be done before. For a payload that passes `check`. */
  after(payload: JsonObject): string | undefined;
  /** JSON Schema (2020-12) of the payload. Rules over several fields are not in it. */
  readonly jsonSchema: JsonObject;
  /** Never throws. Problems name fields as `payload.content`. */
  check(payload: unknown): PayloadCheck;
  /** What is wrong with the files that a payload names, those that there are not among them. For a payload that passes `check`. */
  checkFiles(payload: JsonObject, files: ReadonlyMap<string, NamedFile>): readonly FieldProblem[];
}

/** Forgets a contract's payload type. Throws when the contract's own example does not pass. */
export function describeContract<Payload>(contract: ActionContract<Payload>): AnyActionContract {
  return {
    type: contract.type,
    title: contract.title,
    example: jsonObjectSchema.parse(contract.payload.parse(contract.example)),
    performs: contract.performs === true,
    redelivery: contract.redelivery ?? 'neither',
    realVariables: contract.realVariables ?? [],
    limits: contract.limits ?? {},
    providers: contract.providers ?? {},
    account(payload) {
      if (!contract.account) return undefined;
      const parsed = contract.payload.safeParse(payload);
      return parsed.success ? contract.account(parsed.data) : undefined;
    },
    jsonSchema: jsonObjectSchema.parse(z.toJSONSchema(contract.payload, { io: 'input', unrepresentable: 'any' })),
    check: (payload) => checkPayload(contract.payload, payload),
    after: (payload) => contract.after?.(payload),
    checkFiles(payload, files) {
      const missing = filesOf(payload).filter(({ sha256 }) => !files.has(sha256));
      if (missing.length > 0)
        return missing.map(({ field }) => ({ field, rule: 'must be a stored file: PUT /v1/blobs first' }));
      return contract.checkFiles?.(contract.payload.parse(payload), files) ?? [];
    },
  };
}

const fileSchema = z.object({ sha256: z.string() });

/** The files that a payload names, with the fields where it does. */
export function filesOf(payload: JsonObject): readonly { readonly field: string; readonly sha256: string }[] {
  return ['media', 'attachments'].flatMap((name) => {
    const list: unknown = payload[name];
    if (!Array.isArray(list)) return [];
    return list.flatMap((item: unknown, index) => {
      const file = fileSchema.safeParse(item);
      return file.success ? [{ field: `payload.${name}.${index}.sha256`, sha256: file.data.sha256 }] : [];
    });
  });
}

function checkPayload(schema: z.ZodType, payload: unknown): PayloadCheck {
  try {
    const json = jsonObjectSchema.safeParse(payload);
    if (!json.success) return { ok: false, problems: fieldProblems(json.error, payload) };
    const parsed = schema.safeParse(payload);
    if (!parsed.success) return { ok: false, problems: fieldProblems(parsed.error, payload) };
    return { ok: true, payload: jsonObjectSchema.parse(parsed.data) };
  } catch {
    return { ok: false, problems: [{ field: 'payload', rule: 'cannot be read' }] };
  }
}

const MAX_PROBLEMS = 50;
const MAX_NAME_LENGTH = 100;

/** A failed parse, field by field, in words that hold no value of the payload. */
export function fieldProblems(error: z.ZodError, payload: unknown): readonly FieldProblem[] {
  return error.issues.flatMap((issue) => issueProblems(issue, payload)).slice(0, MAX_PROBLEMS);
}

function issueProblems(issue: z.core.$ZodIssue, payload: unknown): readonly FieldProblem[] {
  const field = ['payload', ...issue.path.map((part) => String(part).slice(0, MAX_NAME_LENGTH))].join('.');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        field: `${field}.${key.slice(0, MAX_NAME_LENGTH).toWellFormed()}`,
        rule: 'is not a field of this type',
      }));
    case 'invalid_type':
      return [{ field, rule: isAbsent(payload, issue.path) ? 'is required' : `must be of type ${issue.expected}` }];
    case 'invalid_value':
      if (isAbsent(payload, issue.path)) return [{ field, rule: 'is required' }];
      return [{ field, rule: `must be ${issue.values.map(String).join(', ')}`.replace(/, (?=[^,]*$)/u, ' or ') }];
    case 'too_small':
      return [{ field, rule: bound('at least', issue.minimum, issue.origin) }];
    case 'too_big':
      return [{ field, rule: bound('at most', issue.maximum, issue.origin) }];
    default:
      return [{ field, rule: issue.message }];
  }
}

function bound(which: string, limit: number | bigint, origin: string): string {
  if (origin === 'string') return `must have ${which} ${limit} characters`;
  if (origin === 'array') return `must have ${which} ${limit} items`;
  return `must be ${which} ${limit}`;
}

function isAbsent(payload: unknown, path: readonly PropertyKey[]): boolean {
  let value = payload;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return true;
    value = Object.getOwnPropertyDescriptor(value, part)?.value;
  }
  return value === undefined;
}
