/** Reads from the API, one call after another, and tells how long each took. A process of its own: what else the harness does counts not. */

import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

const [, , apiUrl = '', token = ''] = process.argv;
const PATHS = ['/v1/status', '/v1/actions?limit=50'];
const EVERY_MS = 10;
const headers = { authorization: `Bearer ${token}` };

process.once('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
for (;;) {
  for (const path of PATHS) {
    const startedMs = performance.now();
    const response = await fetch(`${apiUrl}${path}`, { headers });
    await response.arrayBuffer();
    process.send?.({ type: 'read', path, status: response.status, tookMs: performance.now() - startedMs });
    await delay(EVERY_MS);
  }
}
