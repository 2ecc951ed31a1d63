/** The address of what was published, as a provider’s answer gave it. */

/** Only https, and nothing with a name or a password in it. */
export function publishedAt(receipt: Readonly<Record<string, unknown>>): URL | undefined {
  for (const address of [receipt.permalink, receipt.url]) {
    if (typeof address !== 'string' || !URL.canParse(address)) continue;
    const url = new URL(address);
    if (url.protocol === 'https:' && url.username === '' && url.password === '') return url;
  }
  return undefined;
}
