/** A payload's JSON Schema as fields of a form. What a form cannot show well becomes a field of JSON. */

import { isObject, type JsonObjectLike } from '../show/effect.ts';

export type FieldKind =
  | {
      readonly kind: 'text';
      readonly isLong: boolean;
      readonly maxLength: number | undefined;
      readonly isAddress: boolean;
    }
  | { readonly kind: 'number'; readonly isWhole: boolean }
  | { readonly kind: 'yes-no' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** One text a line. */
  | { readonly kind: 'lines' }
  | { readonly kind: 'json' };

export type Field = FieldKind & {
  readonly name: string;
  readonly isRequired: boolean;
  readonly description: string | undefined;
  readonly initial: string;
};

/** Longer texts get room. */
const LONG_TEXT = 1_000;

export function fieldsOf(schema: JsonObjectLike, example: JsonObjectLike = {}): readonly Field[] {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties).map(([name, property]) => {
    const part = isObject(property) ? property : {};
    const isRequired = required.includes(name) || (!('type' in part) && !('enum' in part) && name in example);
    return {
      ...kindOf(part),
      name,
      isRequired,
      description: typeof part.description === 'string' ? part.description : undefined,
      initial: initialOf(part, isRequired),
    };
  });
}

function kindOf(part: JsonObjectLike): FieldKind {
  if (Array.isArray(part.enum) && part.enum.every((choice) => typeof choice === 'string')) {
    return { kind: 'choice', choices: part.enum };
  }
  switch (part.type) {
    case 'string': {
      const maxLength = typeof part.maxLength === 'number' ? part.maxLength : undefined;
      const isAddress = part.format === 'uri';
      return {
        kind: 'text',
        isLong: !isAddress && (maxLength ?? Number.POSITIVE_INFINITY) > LONG_TEXT,
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
      return isObject(part.items) && part.items.type === 'string' ? { kind: 'lines' } : { kind: 'json' };
    default:
      return { kind: 'json' };
  }
}

function initialOf(part: JsonObjectLike, isRequired: boolean): string {
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
): { readonly payload: JsonObjectLike; readonly problems: readonly FieldProblem[] } {
  const payload: Record<string, unknown> = {};
  const problems: FieldProblem[] = [];
  for (const field of fields) {
    const text = texts[field.name] ?? field.initial;
    if (text.trim() === '') {
      if (field.isRequired) problems.push({ field: field.name, rule: 'is required' });
      continue;
    }
    const value = typedValue(field, text);
    if (value === undefined) problems.push({ field: field.name, rule: RULES[field.kind] });
    else payload[field.name] = value;
  }
  return { payload, problems };
}

const RULES: Readonly<Record<FieldKind['kind'], string>> = {
  text: 'must be text',
  number: 'must be a number',
  'yes-no': 'must be yes or no',
  choice: 'must be one of the choices',
  lines: 'must be lines of text',
  json: 'must be JSON: texts in double quotes',
};

function typedValue(field: Field, text: string): unknown {
  switch (field.kind) {
    case 'text':
    case 'choice':
      return text;
    case 'number': {
      const number = Number(text);
      return Number.isFinite(number) && (!field.isWhole || Number.isInteger(number)) ? number : undefined;
    }
    case 'yes-no':
      return text === 'true';
    case 'lines':
      return text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
    case 'json':
      try {
        const value: unknown = JSON.parse(text);
        return value;
      } catch {
        return undefined;
      }
  }
}
