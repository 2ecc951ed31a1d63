import { sep } from 'node:path';
import Sequencer from '@jest/test-sequencer';

/** The files that take longest, by their time on two cores. */
const LONGEST = [
  'model/lives',
  'mcp/agent',
  'workflows/orchestrator',
  'end-to-end/up',
  'end-to-end/orphans',
  'defects/original',
  'cli/start',
  'engine/stuck-runs',
  'engine/effects',
  'local/temporal',
  'engine/drain',
];

/**
 * Where jest has not run before it knows no times and goes by the size of files, and two of the longest files are short: begun
 * last, each would go on alone for minutes.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      const index = LONGEST.findIndex((name) => path.split(sep).join('/').includes(`/test/${name}.`));
      return index < 0 ? LONGEST.length : index;
    };
    return super.sort(tests).toSorted((one, other) => place(one) - place(other));
  }
}
