/** Builds the dashboard. bin/ensure.mjs says where to; nothing is inlined, because the page's policy forbids inline code. */

import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: true,
    reportCompressedSize: false,
    // The bundle holds code of others, whose licences go with it.
    license: { fileName: 'licences.md' },
    rolldownOptions: {
      output: {
        // What tells zod not to compile runs with zod itself, before any chunk that makes a schema.
        codeSplitting: {
          groups: [
            { name: 'zod', test: /node_modules[\\/]zod[\\/]|state[\\/]without-eval/u },
            // Small chunks of their own compress badly: what two pages share is one.
            { name: 'parts', test: /web[\\/](?:parts|state|accounts|show[\\/](?:reason|seen))/u, minShareCount: 2 },
          ],
        },
      },
    },
  },
});
