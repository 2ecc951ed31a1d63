import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** What the servers and checks of others are installed with. Node and npm, which every machine of ours has, install the rest. */
const NEEDS = {
  startMailpit: ['go'],
  startGreenMail: ['java', 'mvn'],
  startMastodon: ['python3'],
  startMatrix: ['python3'],
  startFakellm: ['python3'],
  renderChart: ['python3'],
  findingsOfSystemd: ['systemd-analyze'],
  startNginx: ['nginx'],
  startCaddy: ['caddy'],
};

/**
 * Test files that start a server or a check of others, with the tools that this machine lacks for it. `npm test` leaves these out, and names them at
 * its start: Node and npm alone pass every other test. `npm run test:real` runs them all.
 */
export function filesWithServers(root) {
  const folder = join(root, 'test');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  return names.flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const started = Object.entries(NEEDS).filter(([start]) => text.includes(`${start}(`));
    const missing = [...new Set(started.flatMap(([, tools]) => tools))].filter((tool) => !isThere(tool));
    return started.length === 0 ? [] : [{ file: `test/${name.replaceAll('\\', '/')}`, missing }];
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
