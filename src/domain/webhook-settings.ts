/** What `AOL_WEBHOOK_ALLOW` and `AOL_WEBHOOK_SECRET` may hold: checked at start, used by the adapter. */

const MAX_ALLOWED = 100;
const MAX_SECRETS = 2;
const ENTRY = /^(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@[\]\\]+):([0-9]{1,5})$/u;
const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/u;
/** Standard Webhooks' own bounds. */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;

/**
 * Reads `127.0.0.1:9000,[::1]:9000,internal.example:443`. The answer's entries look as `URL` writes hosts, so that
 * `0x7f.1:9000` and `127.0.0.1:9000` are one.
 *
 * @returns undefined when an entry is not host:port
 */
export function parseWebhookAllow(text: string): readonly string[] | undefined {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.length === 1 && entries[0] === '') return [];
  if (entries.length > MAX_ALLOWED) return undefined;
  const parsed = entries.map(hostAndPort);
  return parsed.every((entry) => entry !== undefined) ? parsed : undefined;
}

function hostAndPort(entry: string): string | undefined {
  const [, host, port] = ENTRY.exec(entry) ?? [];
  const address = `http://${host}/`;
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535 || !URL.canParse(address)) return undefined;
  const { hostname } = new URL(address);
  // Patterns such as *.example are not known, and must not look as if they were.
  return /^(?:\[.*\]|[a-z0-9._-]+)$/u.test(hostname) ? webhookHostKey(hostname, Number(port)) : undefined;
}

/** A host and port as the allow list names them. */
export function webhookHostKey(hostname: string, port: number): string {
  return `${hostname.replace(/\.$/u, '')}:${port}`;
}

/**
 * Reads one secret, or two while they are rotated: `whsec_…,whsec_…`.
 *
 * @returns undefined when one is not `whsec_` and base64 of 24 to 64 bytes, or there are more than two
 */
export function parseSigningSecrets(text: string): readonly string[] | undefined {
  const secrets = text.split(',').map((secret) => secret.trim());
  if (secrets.length === 1 && secrets[0] === '') return [];
  return secrets.length <= MAX_SECRETS && secrets.every(isSigningSecret) ? secrets : undefined;
}

function isSigningSecret(text: string): boolean {
  const [, base64] = SECRET.exec(text) ?? [];
  if (base64 === undefined) return false;
  const byteCount = (base64.length * 3) / 4 - (base64.match(/=/gu)?.length ?? 0);
  return byteCount >= MIN_SECRET_BYTES && byteCount <= MAX_SECRET_BYTES;
}
