/** A payload's JSON Schema as fields of a form. What a form cannot show well becomes a field of JSON. */

import { isObject } from '../../src/contracts/http/json.ts';
import { parseJsonText } from '../../src/contracts/http/json-text.ts';
import { InvalidRequestError } from '../../src/domain/errors.ts';

export type FieldKind =
  | {
      readonly kind: 'text';
      readonly isLong: boolean;
      readonly maxLength: number | undefined;
      readonly isAddress: boolean;
    }
  | { readonly kind: 'number'; readonly isWhole: boolean }
  | { readonly kind: 'yes-no' }
  /** true, false, or a text. */
  | { readonly kind: 'yes-no-or-text' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** One text a line. */
  | { readonly kind: 'lines' }
  /** Files that are stored first; each has a text beside it, of this name. Kept as JSON. */
  | { readonly kind: 'files'; readonly says: 'alt' | 'fileName' | undefined; readonly most: number }
  /** The name of an account. */
  | { readonly kind: 'account' }
  | { readonly kind: 'json' };

export type Field = FieldKind & {
  readonly name: string;
  /** What people call it. */
  readonly label: string;
  readonly isRequired: boolean;
  readonly description: string | undefined;
  readonly initial: string;
};

/** Longer texts get room. */
const LONG_TEXT = 1_000;
const SHORT_TEXT = 100;

export function fieldsOf(
  schema: Readonly<Record<string, unknown>>,
  example: Readonly<Record<string, unknown>> = {},
): readonly Field[] {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties).map(([name, property]) => {
    const part = isObject(property) ? property : {};
    const isRequired =
      required.includes(name) || (!['type', 'enum', 'anyOf'].some((says) => says in part) && name in example);
    return {
      ...(name === 'account' && part.type === 'string' ? { kind: 'account' as const } : kindOf(part)),
      name,
      label: typeof part.title === 'string' ? part.title : wordsOfName(name),
      isRequired,
      description: typeof part.description === 'string' ? part.description : undefined,
      initial: initialOf(part, isRequired),
    };
  });
}

/** `replyTo` → `Reply to` */
function wordsOfName(name: string): string {
  const words = name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])|_/gu, ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function kindOf(part: Readonly<Record<string, unknown>>): FieldKind {
  if (Array.isArray(part.enum) && part.enum.every((choice) => typeof choice === 'string')) {
    return { kind: 'choice', choices: part.enum };
  }
  if (isYesNoOrText(part.anyOf)) return { kind: 'yes-no-or-text' };
  switch (part.type) {
    case 'string': {
      const maxLength = typeof part.maxLength === 'number' ? part.maxLength : undefined;
      const isAddress = part.format === 'uri';
      return {
        kind: 'text',
        // What has to fit a pattern is a name, an id or a tag.
        isLong: !isAddress && part.pattern === undefined && (maxLength ?? Number.POSITIVE_INFINITY) > LONG_TEXT,
        maxLength,
        isAddress,
      };
    }
    case 'integer':
    case 'number':
      return { kind: 'number', isWhole: part.type === 'integer' };
    case 'boolean':
      return { kind: 'yes-no' };
    case 'array':
      return arrayKind(part);
    default:
      return { kind: 'json' };
  }
}

function isYesNoOrText(anyOf: unknown): boolean {
  const types = Array.isArray(anyOf) ? anyOf.map((part: unknown) => (isObject(part) ? part.type : undefined)) : [];
  return types.length === 2 && types.includes('boolean') && types.includes('string');
}

function arrayKind({ items, maxItems }: Readonly<Record<string, unknown>>): FieldKind {
  if (!isObject(items)) return { kind: 'json' };
  const { properties } = items;
  if (isObject(properties) && 'sha256' in properties) {
    const says = (['alt', 'fileName'] as const).find((name) => name in properties);
    return { kind: 'files', says, most: typeof maxItems === 'number' ? maxItems : Number.POSITIVE_INFINITY };
  }
  return items.type === 'string' ? { kind: 'lines' } : { kind: 'json' };
}

/** Whether it stands beside others in a row. */
function isShort(field: Field): boolean {
  if (field.kind === 'text') return !field.isLong && !field.isAddress && (field.maxLength ?? 0) <= SHORT_TEXT;
  return ['choice', 'number', 'yes-no', 'yes-no-or-text', 'account'].includes(field.kind);
}

export interface FieldRow {
  readonly fields: readonly Field[];
  /** Short fields stand side by side. */
  readonly isShort: boolean;
}

/** What is required comes first, in its order; then the short fields that are optional, in one row; then the others. */
export function rowsOf(fields: readonly Field[]): readonly FieldRow[] {
  const alone = (field: Field): FieldRow => ({ fields: [field], isShort: isShort(field) });
  const optional = fields.filter(({ isRequired }) => !isRequired);
  const short = optional.filter(isShort);
  return [
    ...fields.filter(({ isRequired }) => isRequired).map(alone),
    ...(short.length > 0 ? [{ fields: short, isShort: true }] : []),
    ...optional.filter((field) => !isShort(field)).map(alone),
  ];
}

function initialOf(part: Readonly<Record<string, unknown>>, isRequired: boolean): string {
  if (part.default !== undefined) return typeof part.default === 'string' ? part.default : JSON.stringify(part.default);
  return isRequired && Array.isArray(part.enum) && typeof part.enum[0] === 'string' ? part.enum[0] : '';
}

export interface FieldProblem {
  readonly field: string;
  readonly rule: string;
}

/** From what was typed to a payload, with what cannot be read. Fields that are empty and not required are left out. */
export function payloadOf(
  fields: readonly Field[],
  texts: Readonly<Record<string, string>>,
): { readonly payload: Readonly<Record<string, unknown>>; readonly problems: readonly FieldProblem[] } {
  const payload: Record<string, unknown> = {};
  const problems: FieldProblem[] = [];
  for (const field of fields) {
    const text = texts[field.name] ?? field.initial;
    if (text.trim() === '') {
      if (field.isRequired) problems.push({ field: field.name, rule: 'is required' });
      continue;
    }
    const read = readField(field, text);
    if ('rule' in read) problems.push({ field: field.name, rule: read.rule });
    else payload[field.name] = read.value;
  }
  return { payload, problems };
}

type Read = { readonly value: unknown } | { readonly rule: string };

function readField(field: Field, text: string): Read {
  switch (field.kind) {
    case 'text':
    case 'choice':
    case 'account':
      return { value: text };
    case 'number': {
      const read = readJson(text);
      const isNumber =
        'value' in read && typeof read.value === 'number' && (!field.isWhole || Number.isInteger(read.value));
      return isNumber ? read : { rule: field.isWhole ? 'must be a whole number' : 'must be a number' };
    }
    case 'yes-no':
      return { value: text === 'true' };
    case 'yes-no-or-text':
      return { value: text === 'true' || text === 'false' ? text === 'true' : text.trim() };
    case 'lines': {
      const lines = text.split('\n').map((line) => line.trim());
      return { value: lines.filter((line) => line !== '') };
    }
    case 'files':
    case 'json':
      return readJson(text);
  }
}

/** By the server's own rules: what JSON.parse would lose in silence, such as a name that stands twice, is told. */
function readJson(text: string): Read {
  try {
    return { value: parseJsonText(text) };
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    const [problem] = error.problems;
    if (problem === undefined || problem.rule.startsWith('is not JSON')) {
      return { rule: 'must be JSON: texts in double quotes' };
    }
    return { rule: problem.field === 'body' ? problem.rule : `${problem.field} ${problem.rule}` };
  }
}
