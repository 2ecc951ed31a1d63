/** Whether a payload fits, as far as this page can tell; the server has the last word. */

import { findContract } from '../../src/contracts/payloads/index.ts';
import type { FieldProblem } from './schema.ts';

/**
 * Built-in types are checked by the very rules of the server, such as a platform's length. Of others only the form's own rules
 * are known here.
 */
export function checkPayload(
  type: string,
  payload: Readonly<Record<string, unknown>>,
  problems: readonly FieldProblem[],
): readonly FieldProblem[] {
  const found = [...problems];
  const checked = findContract(type)?.check(payload);
  if (checked && !checked.ok) {
    for (const { field, rule } of checked.problems) {
      const name = field.replace(/^payload\.?/u, '');
      if (!found.some((problem) => problem.field === rootOf(name)))
        found.push({ field: rootOf(name), rule: ruleOf(name, rule) });
    }
  }
  return found;
}

/** `headers.x-token` belongs to the field `headers`. */
function rootOf(name: string): string {
  return name.split('.')[0] ?? name;
}

function ruleOf(name: string, rule: string): string {
  return name.includes('.') ? `${name.slice(name.indexOf('.') + 1)} ${rule}` : rule;
}
