import shared from './jest.shared.mjs';

/**
 * `npm run test:release`: what a release has to pass and takes minutes: the packages as a user installs them, and upgrades from older
 * versions, which are taken from this repository's history and from the package registry. Each starts its own servers.
 */
export default {
  ...shared,
  testMatch: ['<rootDir>/test/release/**/*.test.ts'],
  globalSetup: undefined,
  globalTeardown: undefined,
  maxWorkers: 1,
  testTimeout: 600_000,
};
