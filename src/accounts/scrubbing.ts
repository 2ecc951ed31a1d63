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

/** As it is, as addresses and JSON write it, in base64; of an address with a password the password too. Longest first. */
function formsOf(secret: string): readonly string[] {
  const parts = [secret, ...passwordsIn(secret)].filter((part) => part.length >= SHORTEST);
  const forms = parts.flatMap((part) => [
    part,
    encodeURIComponent(part.toWellFormed()),
    JSON.stringify(part).slice(1, -1),
    Buffer.from(part).toString('base64').replace(/=+$/u, ''),
  ]);
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
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
