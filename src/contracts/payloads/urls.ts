/**
 * Finds web addresses in a text the way X does (twitter-text 3), in linear time.
 *
 * Own code, because the package `twitter-text` (3.1.0) brings core-js 2 with 7.7 MB and an install script, knows the
 * emoji and domains of its day, and its expressions can backtrack far on hostile texts. Compared with it: 100,000 random
 * sentences (links, emoji, CJK, mentions) all count the same; of 200,000 texts glued from half addresses and emoji, 1 in
 * 100 counts otherwise.
 */

import topLevelDomains from 'tlds' with { type: 'json' };

const TOP_LEVEL_DOMAINS: ReadonlySet<string> = new Set(topLevelDomains);

export interface FoundUrl {
  /** Offsets in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  readonly hasProtocol: boolean;
}

const LATIN =
  '\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u024f\\u0253\\u0254\\u0256\\u0257\\u0259\\u025b\\u0263\\u0268\\u026f\\u0272\\u0289\\u028b\\u02bb\\u0300-\\u036f\\u1e00-\\u1eff';
const NOT_IN_LABELS =
  "\\s!'#%&()*+,\\\\\\/:;<=>?@\\[\\]^{|}~$\\u0085\\u180e\\u202a-\\u202e\\u061c\\u200e\\u200f\\u2066-\\u2069\\ufeff\\uffff\\ufffe";
const HOSTS = new RegExp(`(https?://)?((?:(?!https?://)[^${NOT_IN_LABELS}])+)`, 'giu');
const TOP_LEVEL = /^(?:xn--[-0-9a-z]{1,59}|[a-z]{2,24})(?![-0-9a-z])/iu;
const LATIN_RUNS = new RegExp(`(?<=^|[^-a-z0-9.${LATIN}])\\.*([-a-z0-9${LATIN}][-a-z0-9.${LATIN}]*)`, 'giu');
const PORT = /:[0-9]+/uy;
const PATH_CHARACTER = new RegExp(`[a-z0-9!*';:=+,.$/%#\\[\\]\\-\\u2013_~@|&\\u0400-\\u04ff${LATIN}]`, 'iu');
const PATH_END = new RegExp(`[-+a-z0-9=_#/\\u0400-\\u04ff${LATIN}]`, 'iu');
const QUERY = /\?[a-z0-9!?*'@();:&=+$/%#[\]\-_.,~|]*/iuy;
const QUERY_END = /[a-z0-9\-_&=#/]/iu;

/** Addresses with a protocol, and, when `bare`, those without one too (`example.com/path`). */
export function findUrls(text: string, bare: boolean): readonly FoundUrl[] {
  const found: FoundUrl[] = [];
  // Most texts have no address, and the search costs a hundred times more than this.
  if (!text.includes(bare ? '.' : '://')) return found;
  let past = 0;
  for (const match of text.matchAll(HOSTS)) {
    const hasProtocol = match[1] !== undefined;
    if (match.index < past || !(hasProtocol || bare)) continue;
    const hostStart = match.index + (match[1]?.length ?? 0);
    const before = text.charAt(match.index - 1);
    const more = hasProtocol
      ? withProtocol(text, match.index, hostStart, match[2] ?? '', before)
      : withoutProtocol(text, hostStart, match[2] ?? '', before);
    found.push(...more);
    past = more.at(-1)?.end ?? past;
  }
  return found;
}

function withProtocol(text: string, start: number, hostStart: number, host: string, before: string): FoundUrl[] {
  if (/[a-z0-9@＠$#＃]/iu.test(before)) return [];
  const length = domainLength(host, text.charAt(hostStart + host.length));
  if (length === 0) return [];
  const domainEnd = hostStart + length;
  return [{ start, end: length === host.length ? pathEnd(text, domainEnd) : domainEnd, hasProtocol: true }];
}

/** Without a protocol only Latin domains count, several of them when other letters part them: `見てexample.com`. */
function withoutProtocol(text: string, start: number, host: string, before: string): FoundUrl[] {
  const skipped = /[a-z0-9@＠$#＃\-_./]/iu.test(before) ? /^[\0-\x7f]*./su.exec(host)?.[0].length : 0;
  if (skipped === undefined) return [];
  const domain = host.slice(skipped, domainLength(host, text.charAt(start + host.length)));
  const found: FoundUrl[] = [];
  for (const match of domain.matchAll(LATIN_RUNS)) {
    const run = match[1] ?? '';
    const runStart = start + skipped + match.index + match[0].length - run.length;
    const length = domainLength(run, '');
    if (length === 0) continue;
    const end = runStart + length;
    const isWhole = end === start + host.length;
    const hasPath = isWhole && /^(?::[0-9]+)?\//u.test(text.slice(end, end + 12));
    found.push({ start: runStart, end: hasPath ? pathEnd(text, end) : end, hasProtocol: false });
  }
  return found;
}

/** How much of a run of labels is a domain: up to the last top-level domain that well-formed labels lead to. */
function domainLength(host: string, after: string): number {
  let length = 0;
  let offset = 0;
  let previous: string | undefined;
  const labels = host.split('.');
  for (const [index, label] of labels.entries()) {
    const top = TOP_LEVEL.exec(label.slice(0, 64))?.[0];
    const isLast = index === labels.length - 1 && top?.length === label.length;
    const refused = isLast && /[@+a-z0-9]/iu.test(after);
    if (top && previous !== undefined && !previous.includes('_') && !refused && isTopLevelDomain(top)) {
      length = offset + top.length;
    }
    if (!/^[^-_](?:.*[^-_])?$/su.test(label)) break;
    offset += label.length + 1;
    previous = label;
  }
  return length;
}

function pathEnd(text: string, start: number): number {
  PORT.lastIndex = start;
  const afterPort = start + (PORT.exec(text)?.[0].length ?? 0);
  const afterPath = text.charAt(afterPort) === '/' ? endOfPath(text, afterPort + 1) : afterPort;
  QUERY.lastIndex = afterPath;
  const query = QUERY.exec(text)?.[0] ?? '';
  let length = query.length;
  while (length > 1 && !QUERY_END.test(query.charAt(length - 1))) length -= 1;
  return length > 1 ? afterPath + length : afterPath;
}

/** The path ends with a letter, a digit, one of `-+=_#/`, or a balanced parenthesis. */
function endOfPath(text: string, start: number): number {
  let end = start;
  let position = start;
  while (position < text.length) {
    const character = text.charAt(position);
    if (character === '(') {
      const closed = closingParenthesis(text, position);
      if (closed === undefined) break;
      position = closed + 1;
      end = position;
      continue;
    }
    if (!PATH_CHARACTER.test(character)) break;
    position += 1;
    if (PATH_END.test(character)) end = position;
  }
  return end;
}

function closingParenthesis(text: string, open: number): number | undefined {
  let depth = 0;
  for (let position = open; position < text.length; position += 1) {
    const character = text.charAt(position);
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (!PATH_CHARACTER.test(character)) return undefined;
    if (depth > 2) return undefined;
    if (depth === 0) return position > open + 1 ? position : undefined;
  }
  return undefined;
}

/** Whether a label, in any case, is a top-level domain, by which X tells `example.com` from `word.Next`. Punycode is taken on trust. */
function isTopLevelDomain(label: string): boolean {
  const lowerCase = label.toLowerCase();
  return TOP_LEVEL_DOMAINS.has(lowerCase) || lowerCase.startsWith('xn--');
}

/** Why a text is no address of the web that a payload may name, or undefined when it is one. */
export function webAddressProblem(text: string): string | undefined {
  if (/[\s\p{Cc}]/u.test(text)) return 'must not contain spaces or control characters';
  if (!/^https?:\/\//iu.test(text) || !URL.canParse(text)) return 'must be an http or https address';
  const { username, password } = new URL(text);
  return username || password ? 'must not contain a user name or password' : undefined;
}
