/** Which files belong to the repository. */

import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const notOurs = /^(node_modules|dist.*|coverage|\..+)$/;

/** Paths of all Markdown files, relative to the root. */
export function markdownFiles(root: string, folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (notOurs.test(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownFiles(root, path);
    return entry.name.endsWith('.md') ? [relative(root, path)] : [];
  });
}
