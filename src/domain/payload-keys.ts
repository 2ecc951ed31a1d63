/** What `AOL_PAYLOAD_KEY` may hold: the keys with which payloads on their way to Temporal are encrypted. */

export const PAYLOAD_KEY_BYTES = 32;
const MAX_KEYS = 10;
const KEY = /^[A-Za-z0-9+/]{43}=$/u;

/**
 * Reads one key, or several separated by commas while they are rotated: each 32 bytes in base64.
 *
 * @returns undefined when one is not a key, or there are more than ten
 */
export function parsePayloadKeys(text: string): readonly Uint8Array[] | undefined {
  const keys = text.split(',').map((key) => key.trim());
  if (keys.length > MAX_KEYS || !keys.every((key) => KEY.test(key))) return undefined;
  return keys.map((key) => Uint8Array.from(atob(key), (character) => character.charCodeAt(0)));
}
