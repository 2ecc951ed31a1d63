import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** What the servers of others are installed with. Node and npm, which every machine of ours has, install the rest. */
const NEEDS = {
  startMailpit: ['go'],
  startGreenMail: ['java', 'mvn'],
  startMastodon: ['python3'],
  startMatrix: ['python3'],
  startFakellm: ['python3'],
};

/**
 * Test files that start a server which this machine cannot install, with what is missing: Node and npm alone pass every other test.
 * They are named at the start of a run, and never left out in silence.
 */
export function filesWithMissingTools(root) {
  const folder = join(root, 'test');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  return names.flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const needed = Object.entries(NEEDS).flatMap(([start, tools]) => (text.includes(`${start}(`) ? tools : []));
    const missing = [...new Set(needed)].filter((tool) => !isThere(tool));
    return missing.length === 0 ? [] : [{ file: `test/${name.replaceAll('\\', '/')}`, missing }];
  });
}

function isThere(tool) {
  // biome-ignore lint/style/noProcessEnv: where programs are found
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
