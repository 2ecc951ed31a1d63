/**
 * `npm run test:real`: every test against servers of others, those that take too long to install, or too much, for `npm test`, and the
 * quick ones. A tool that is missing here is a failure, and is named.
 */
import shared from './jest.shared.mjs';
import { filesWithServers } from './test/support/missing-tools.mjs';

const quick = filesWithServers(import.meta.dirname).map(({ file }) => `<rootDir>/${file}`);

export default {
  ...shared,
  testMatch: ['<rootDir>/test/real/**/*.test.ts', ...quick],
  maxWorkers: 1,
  testTimeout: 120_000,
};
