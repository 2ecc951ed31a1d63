import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

/** Where each page stands. A test finds every page in it, once. */
const navigation = JSON.parse(readFileSync(new URL('../navigation.json', import.meta.url), 'utf8'));

const site = join(dirname(fileURLToPath(import.meta.url)), '..');
const link = (path) => `/${path.replace(/README\.md$/, '').replace(/\.md$/, '')}`;

/** The documents as a site. Pages lie where they are read in the repository; nothing is copied. */
export default defineConfig({
  title: 'AOL',
  description: 'Autonomy Orchestration Layer: queue actions, see their proofs, approve the hash, stop at once.',
  srcDir: '../..',
  srcExclude: ['**/node_modules/**', '**/dist/**', '.aol/**', 'test/**', 'web/**', 'docs/site/**'],
  outDir: './dist',
  rewrites: { 'README.md': 'index.md', ':folder(.*)/README.md': ':folder/index.md' },
  // Links to files that are no pages: code, settings.
  ignoreDeadLinks: [
    (url) => !/(?:\/|\.md|^[^.]+)(?:#.*)?$/.test(url) || /^(?:\.\.?\/)*(?:src|web|test|bin|ops|LICENSE)/.test(url),
  ],
  // Pages lie outside of this folder, and what they are made into looks for Vue beside them.
  vite: { resolve: { alias: { vue: join(site, 'node_modules', 'vue') } } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: navigation.map(({ text, pages: [first] }) => ({ text, link: link(first.path) })),
    sidebar: navigation.map(({ text, pages }) => ({
      text,
      items: pages.map(({ title, path }) => ({ text: title, link: link(path) })),
    })),
  },
});
