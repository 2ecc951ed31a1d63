/** Every command by every way of starting it, under every Node that people have. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nodePrograms } from '../support/nodes.ts';
import { commands, createStarts, each, helpOf, type Starts, WAYS } from '../support/ways-to-start.ts';

const LIMIT_MS = 600_000;
const nodes = await nodePrograms([20, 22, 24]);

let starts: Starts;
beforeAll(async () => {
  starts = await createStarts();
}, LIMIT_MS);
afterAll(() => starts.remove());

describe.each(nodes.map((node) => [`Node ${node.major}`, node] as const))('under %s', (_name, node) => {
  // The built file by itself says under Node 20 what it needs: test/cli/start.
  const ways = WAYS.filter((way) => way !== 'its built file' || node.major >= 22);
  test.each(ways)(
    '%s: every command',
    async (way) => {
      await each(commands, async (command) => {
        const { found, expected } = await helpOf(starts, node, way, command);
        expect(found).toEqual(expected);
      });
    },
    LIMIT_MS,
  );
});
