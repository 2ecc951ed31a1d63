/** What is kept of a receiver's answer: hostile text, cut, without control characters and secrets. */

import type { Answer } from '../exchange/index.ts';

const KEPT_HEADERS = [
  'content-encoding',
  'content-type',
  'date',
  'etag',
  'location',
  'request-id',
  'x-correlation-id',
  'x-request-id',
] as const;
const MAX_HEADER_LENGTH = 200;
/** Bounds the work on a hostile header. */
const MAX_SCRUBBED_LENGTH = 2_000;

const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:whsec|sk|pk|ghp|gho|xox[abprs])[_-][\w+/=-]{8,}/giu, '***'],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/giu, '$1 ***'],
  [/("[^"]{0,40}(?:api_?key|authorization|cookie|password|secret|token)[^"]{0,40}"\s*:\s*")[^"]*/giu, '$1***'],
  [/\b((?:api_?key|password|secret|token)\s*=\s*)[^\s&"'<>]+/giu, '$1***'],
];

/** Plain JSON. `bodySha256` is of the bytes that were read, all of them unless `note` says otherwise. */
export function webhookReceipt(answer: Answer, scrub: readonly string[]): Readonly<Record<string, unknown>> {
  const { status, headers, body } = answer;
  const kept = KEPT_HEADERS.flatMap((name) => {
    const value = headers[name];
    if (typeof value !== 'string') return [];
    const short = value.slice(0, MAX_SCRUBBED_LENGTH);
    const plain = name === 'location' ? short.replace(/[?#].*$/su, '') : short;
    return [[name, scrubbed(plain, scrub).slice(0, MAX_HEADER_LENGTH)]];
  });
  const bodyStart = bodyText(answer, scrub);
  return {
    status,
    headers: Object.fromEntries(kept),
    bodySha256: body.sha256,
    bodyBytes: body.byteCount,
    ...(bodyStart !== undefined && { bodyStart }),
    ...(body.cut !== undefined && { note: `the answer is not whole: ${body.cut}` }),
  };
}

/** The body's beginning as text, or undefined when it is compressed: that is never decoded. */
export function bodyText({ headers, body }: Answer, scrub: readonly string[]): string | undefined {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '') return undefined;
  const isWhole = body.byteCount === body.start.length;
  // While streaming, a letter that the cut divides is left out instead of replaced.
  return scrubbed(new TextDecoder().decode(body.start, { stream: !isWhole }), scrub);
}

function scrubbed(text: string, scrub: readonly string[]): string {
  let clean = text;
  for (const secret of scrub) clean = clean.replaceAll(secret, '***');
  for (const [pattern, replacement] of SECRETS) clean = clean.replace(pattern, replacement);
  // Line breaks and tabs stay; a log escapes them.
  return clean.replace(/[^\P{Cc}\n\t]/gu, '\ufffd').toWellFormed();
}
