/** The SHA-256 of bytes in hexadecimal, by the browser's own code; undefined where it has none (plain http from afar). */
export async function sha256Of(bytes: Uint8Array): Promise<string | undefined> {
  if (!('subtle' in crypto)) return undefined;
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
