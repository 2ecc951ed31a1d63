import { writeFileSync } from 'node:fs';
import process, { env } from 'node:process';

/**
 * Says at the very end `N passed, N failed`, counting tests; a suite that fails to run counts as one that failed. Under
 * bin/test.mjs, which adds its own checks and prints that line last, it hands the numbers over instead.
 */
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
    };
    // biome-ignore lint/style/noProcessEnv: a reporter has no other way to be told
    const file = env.AOL_TEST_SUMMARY_FILE;
    if (file) {
      writeFileSync(file, JSON.stringify(counts));
    } else {
      process.stderr.write(`${counts.passed} passed, ${counts.failed} failed\n`);
    }
  }
}
