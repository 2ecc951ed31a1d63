/** The built dashboard, read once: `index.html`, and its assets under hashed names. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export interface WebFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}

export interface WebFiles {
  readonly page: WebFile;
  /** By file name: `index-4f2a.js`. */
  readonly assets: ReadonlyMap<string, WebFile>;
}

/** Where the build puts it, seen from the compiled code: `dist/web`. */
export const builtWebFolder = fileURLToPath(new URL('../../web/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Undefined where no dashboard was built. */
export function readWebFiles(folder: string): WebFiles | undefined {
  const assetFolder = join(folder, 'assets');
  if (!existsSync(assetFolder)) return undefined;
  const names = readdirSync(assetFolder);
  return {
    page: readWebFile(join(folder, 'index.html')),
    assets: new Map(names.map((name) => [name, readWebFile(join(assetFolder, name))])),
  };
}

function readWebFile(path: string): WebFile {
  const bytes = readFileSync(path);
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  return { type, bytes, gzipped: gzipSync(bytes, { level: 9 }) };
}
