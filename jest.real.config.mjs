/** `npm run test:real`: adapters against real servers that take too long to install, or too much, for every run. */
import base from './jest.config.mjs';

export default { ...base, testMatch: ['<rootDir>/test/real/**/*.test.ts'], maxWorkers: 1, testTimeout: 120_000 };
