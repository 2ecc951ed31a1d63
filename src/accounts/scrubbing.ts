/** Takes credentials out of whatever comes back from a provider. */

const SCRUBBED = '[a credential]';
/** A shorter value would be found in words that are none of it. */
const SHORTEST = 6;
/** Tokens are replaced by newer ones, and old ones are still secrets; but not without end. */
const MOST_KNOWN = 10_000;

export interface Scrubber {
  /** From now on these are taken out. */
  learn(secrets: Iterable<string>): void;
  scrub(text: string): string;
}

export function createScrubber(): Scrubber {
  const forms = new Map<string, readonly string[]>();
  return {
    learn(secrets) {
      for (const secret of secrets) {
        if (secret.length < SHORTEST || forms.has(secret)) continue;
        forms.set(secret, formsOf(secret));
        const [oldest] = forms.keys();
        if (forms.size > MOST_KNOWN && oldest !== undefined) forms.delete(oldest);
      }
    },
    scrub(text) {
      let rest = text;
      for (const written of forms.values()) for (const form of written) rest = rest.replaceAll(form, SCRUBBED);
      return rest;
    },
  };
}

/** As it is, as addresses and JSON write it, in base64; of an address what in it may be the secret too. Longest first. */
function formsOf(secret: string): readonly string[] {
  const parts = [secret, ...passwordsIn(secret), ...pathPartsIn(secret)].filter((part) => part.length >= SHORTEST);
  const forms = parts.flatMap((part) => [
    part,
    encodeURIComponent(part.toWellFormed()),
    JSON.stringify(part).slice(1, -1),
    Buffer.from(part).toString('base64').replace(/=+$/u, ''),
    ...withinBase64(part),
  ]);
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

/** What base64 makes of it behind other bytes, as AUTH PLAIN has a user before the password: without the letters that these change. */
function withinBase64(part: string): readonly string[] {
  const bytes = Buffer.from(part);
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/u, '');
    const isWhole = (before + bytes.length) % 3 === 0;
    const core = text.slice(before === 0 ? 0 : before + 1, isWhole ? undefined : -1);
    return core.length < SHORTEST ? [] : [core];
  });
}

function passwordsIn(secret: string): readonly string[] {
  if (!URL.canParse(secret)) return [];
  const { username, password } = new URL(secret);
  try {
    return [password, decodeURIComponent(password), `${decodeURIComponent(username)}:${decodeURIComponent(password)}`];
  } catch {
    return [password];
  }
}

/** A shorter part of a path is a word of it: `services`. */
const SHORTEST_PATH_PART = 16;

/** An incoming webhook has its secret in its path, and whoever answers may tell the path alone, or a longer one. */
function pathPartsIn(secret: string): readonly string[] {
  if (!URL.canParse(secret)) return [];
  const { pathname, search, searchParams } = new URL(secret);
  const parts = [...pathname.split('/'), ...searchParams.values()].filter((part) => part.length >= SHORTEST_PATH_PART);
  return parts.length === 0 ? [] : [`${pathname}${search}`, pathname, ...parts];
}
