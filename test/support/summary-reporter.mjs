import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import process, { cwd, env } from 'node:process';
import { stripVTControlCharacters } from 'node:util';

const MOST_LINES = 12;

/**
 * Says at the very end `N passed, N failed`, counting tests; a suite that fails to run counts as one that failed. Under
 * bin/test.mjs, which adds its own checks and prints that line last, it hands over the numbers instead, and what failed: a log
 * of thousands of lines is often kept without its middle.
 */
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      failures: results.testResults.flatMap(failuresOf),
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

/** Each failing test of a suite, or the suite that did not run: where, which, and how its message begins. */
function failuresOf({ testFilePath, testExecError, testResults }) {
  const where = relative(cwd(), testFilePath);
  const broken = testExecError ? [`${where}\n${beginningOf(testExecError.stack ?? testExecError.message ?? '')}`] : [];
  return [
    ...broken,
    ...testResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => `${where} › ${fullName}\n${beginningOf(failureMessages.join('\n'))}`),
  ];
}

function beginningOf(message) {
  return stripVTControlCharacters(message)
    .split('\n')
    .slice(0, MOST_LINES)
    .map((line) => `    ${line}`)
    .join('\n');
}
