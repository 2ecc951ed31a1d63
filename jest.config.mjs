import shared from './jest.shared.mjs';
import { filesWithServers } from './test/support/missing-tools.mjs';

const leftOut = filesWithServers(import.meta.dirname).filter(({ missing }) => missing.length > 0);
for (const { file, missing } of leftOut) {
  process.stderr.write(`NOT RUN: ${file} needs ${missing.join(' and ')}\n`);
}

/** `npm test`. test/real and test/release have commands of their own. Jest knows `<rootDir>` only at the beginning of a pattern, so not after a `!`. */
export default {
  ...shared,
  testMatch: [
    '<rootDir>/test/**/*.test.ts',
    '!**/test/real/**',
    '!**/test/release/**',
    ...leftOut.map(({ file }) => `!**/${file}`),
  ],
};
