/** The answer of a check. */

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do, when it is not ok. */
  readonly cure: string | null;
}

export function passed(name: string, detail: string): Check {
  return { name, ok: true, detail, cure: null };
}

export function failed(name: string, detail: string, cure: string): Check {
  return { name, ok: false, detail, cure };
}
