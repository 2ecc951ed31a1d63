/** The password of `DATABASE_URL` from a file of libpq's form, so that it stands in no environment. */

import { readFileSync } from 'node:fs';
import { ConfigurationError, errorText } from '../domain/errors.ts';
import { isPostgresUrl } from './database-url.ts';

/**
 * The environment with the password that `PGPASSFILE` holds for a `DATABASE_URL` without one. The first line that fits counts:
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 *
 * @throws ConfigurationError when the file cannot be read
 */
export function withDatabasePassword(given: Readonly<Record<string, string>>): Record<string, string> {
  const { DATABASE_URL: url, PGPASSFILE: file } = given;
  if (url === undefined || file === undefined || !isPostgresUrl(url) || new URL(url).password !== '')
    return { ...given };
  const address = new URL(url);
  const wanted = [
    address.hostname,
    address.port || '5432',
    decodeURIComponent(address.pathname.slice(1)),
    decodeURIComponent(address.username),
  ];
  const found = linesOf(file).find((fields) => wanted.every((value, at) => fields[at] === '*' || fields[at] === value));
  const password = found?.[wanted.length];
  if (password === undefined) return { ...given };
  address.password = encodeURIComponent(password);
  return { ...given, DATABASE_URL: address.href };
}

function linesOf(file: string): string[][] {
  try {
    const lines = readFileSync(file, 'utf8')
      .split(/\r?\n/)
      .filter((line) => line !== '' && !line.startsWith('#'));
    // Fields end at a colon that no backslash stands before.
    return lines.map((line) =>
      [...line.matchAll(/((?:\\.|[^\\:])*)(?::|$)/g)].map(([, field = '']) => field.replaceAll(/\\(.)/g, '$1')),
    );
  } catch (error) {
    throw new ConfigurationError('PGPASSFILE', `PGPASSFILE: ${errorText(error, 300)}`, { cause: error });
  }
}
