/** The log of worker and API: JSON lines, with nothing in them that is a secret. */

import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { printable } from '../domain/printable.ts';

export interface LogOptions {
  readonly level: string;
  /** Values that must never appear, wherever they come from. */
  readonly secrets: readonly string[];
  /** Where lines go; stderr when absent. */
  readonly to?: DestinationStream;
}

const REDACTED = '[redacted]';
/** Whatever stands in a field of these names. */
const FIELDS = ['authorization', 'cookie', 'token', 'password', 'apiKey', 'secret'];
const PATHS = FIELDS.flatMap((name) => [name, `*.${name}`, `*.headers.${name}`]);

/** What looks like a secret in a text, such as the message of an error of a library. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic) +[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  [/(:\/\/[^\s:/@"]*):[^\s/@"]+@/g, `$1:${REDACTED}@`],
  [/\bwhsec_[A-Za-z0-9+/=]{8,}/g, REDACTED],
  [/\baol_(?:admin|operator|viewer)_[\w-]{20,}/g, REDACTED],
  // Named tokens; what comes before the second underscore is no secret, and finds the token.
  [/\b(aolt_[0-9a-f]{8})_[\w-]{20,}/g, `$1_${REDACTED}`],
];

/** A value that is shorter than this is left alone: it would be found in words that are none of it. */
const MIN_SECRET_LENGTH = 8;

/** Makes a function that takes secrets out of a line. */
export function scrubber(secrets: readonly string[]): (line: string) => string {
  const known = [...new Set(secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH))];
  // Longer ones first: one may be a part of another. In a line of JSON, quotes and backslashes stand escaped.
  known.sort((a, b) => b.length - a.length);
  const written = known.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  return (line) => {
    const withoutKnown = written.reduce((text, secret) => text.replaceAll(secret, REDACTED), line);
    return PATTERNS.reduce((text, [pattern, to]) => text.replaceAll(pattern, to), withoutKnown);
  };
}

/** One line per entry: control characters are escaped, secrets are taken out of the line as a whole. */
export function createLog({ level, secrets, to }: LogOptions): Logger {
  const scrub = scrubber(secrets);
  return pino(
    { level, redact: { paths: PATHS, censor: REDACTED }, hooks: { streamWrite: (line) => printable(scrub(line)) } },
    to ?? destination({ fd: 2, sync: true }),
  );
}
