/** What every run of tests shares. Run by bin/test.mjs under Node 22 with `--experimental-vm-modules`: the project is ESM all the way. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript' },
          target: 'es2022',
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.aol/'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  reporters: ['default', '<rootDir>/test/support/summary-reporter.mjs'],
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  maxWorkers: 2,
  testTimeout: 30_000,
  // Collected with --coverage, which bin/test.mjs gives to a whole run. Only what has a threshold: counting lines slows the rest down.
  collectCoverageFrom: ['src/domain/**/*.ts'],
  coverageReporters: ['text', 'text-summary'],
  coverageThreshold: { './src/domain/': { lines: 100 } },
};
