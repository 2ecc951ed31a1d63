import { readFileSync } from 'node:fs';

/** From package.json, which lies above both the sources and what is built from them. */
export function version(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
      if (typeof found === 'object' && found !== null && 'version' in found) return String(found.version);
    } catch {
      // The other place, then.
    }
  }
  return 'unknown';
}
