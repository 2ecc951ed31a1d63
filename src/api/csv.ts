/** Lines of CSV as RFC 4180 has them. */

/**
 * A text that a spreadsheet would take for a formula begins with an apostrophe: what actions say comes from outside.
 */
export function csvLine(values: readonly (string | number | null)[]): string {
  return `${values.map((value) => cell(String(value ?? ''))).join(',')}\r\n`;
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
