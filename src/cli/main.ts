/** What `bin/aol.mjs` starts. */

import { isNewEnough, MINIMUM_NODE } from './node-version.ts';

const { node } = process.versions;
if (isNewEnough(node)) {
  // Loaded only now: older Nodes lack what the rest needs.
  const { runCli } = await import('./program.ts');
  const { processIo } = await import('./terminal/io.ts');
  process.exitCode = await runCli(process.argv.slice(2), processIo());
} else {
  process.stderr.write(`aol: needs Node ${MINIMUM_NODE} or newer, and this is ${node}: start it by bin/aol.mjs\n`);
  process.exitCode = 1;
}
