/** Begins a server in the folder of its first argument, and kills itself at the moment that its second names. For server.test.ts. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { spawnServer } from '../../src/local/server.ts';
import { until } from '../support/until.ts';

const [, , folder = '', dies] = process.argv;
const begun = spawnServer({
  name: 'a server',
  program: '/bin/sh',
  args: ['-c', 'touch "$0/runs"; while :; do sleep 1; done', folder],
  env: { PATH: '/usr/bin:/bin' },
  cwd: '/',
  logFile: join(folder, 'log'),
  stopWith: [['SIGTERM', 2_000]],
});
if (dies === 'before the reaper knows') process.kill(process.pid, 'SIGKILL');
await begun;
await until('it runs', () => existsSync(join(folder, 'runs')));
process.kill(process.pid, 'SIGKILL');
