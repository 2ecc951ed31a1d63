/** The most valuable few of the fault suite: a worker, PostgreSQL and an operator each kill in the middle of the work. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allFaults } from './faults/index.ts';
import { runFault } from './support/fault.ts';
import { type Servers, startServers } from './support/servers.ts';

const LIMIT_MS = 150_000;
const SEED = 1;
let servers: Servers;

beforeAll(async () => {
  servers = await startServers();
}, 60_000);
afterAll(() => servers.stop(), 60_000);

async function play(id: string) {
  const fault = allFaults.find((candidate) => candidate.id === id);
  if (!fault) throw new Error(`there is no fault ${id}`);
  const { lost, duplicates, problems, verdict } = await runFault(servers, fault, SEED);
  return { id, lost, duplicates, problems, verdict };
}

const passed = (id: string) => ({ id, lost: 0, duplicates: 0, problems: [], verdict: 'passed' });

describe('faults', () => {
  // Each has a database, a namespace and processes of its own; what they wait for most of the time is a time limit.
  test.each([
    [['I-13', 'F-02-neither']],
    [['F-01-proof', 'F-02-dedupes']],
    [['I-08-start', 'I-22-cancel', 'I-07-exit']],
    // It kills the PostgreSQL of them all.
    [['F-05-kill']],
  ])(
    '%s',
    async (ids) => {
      expect(await Promise.all(ids.map(play))).toEqual(ids.map(passed));
    },
    LIMIT_MS,
  );
});
