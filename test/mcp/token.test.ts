/** The token that an agent is given: which roles are taken, and what the process says of each. */

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createTestApi, type TestApi, TOKENS } from '../support/api.ts';
import { callTool, connectAgent, tokenOf } from '../support/mcp.ts';
import { until } from '../support/until.ts';

// Each of them starts a process, and most of the time of a test goes by before it answers.
jest.setTimeout(60_000);

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

describe('its token', () => {
  const saidWith = async (given: string) => {
    let said = '';
    const client = await connectAgent({ AOL_API_URL: api.url, AOL_TOKEN: given }, (text) => {
      said += text;
    });
    const looked = await callTool(client, 'get_status');
    const paused = await callTool(client, 'pause', { lane: 'default', reason: 'x' });
    await client.close();
    await api.database.pool.query(`UPDATE aol_control_flags SET value = 'false' WHERE name = 'paused'`);
    return { said, looked, paused };
  };

  test('of the role agent needs no words', async () => {
    expect(await saidWith(await tokenOf(api, 'bot', 'agent'))).toMatchObject({
      said: '',
      looked: { isError: false },
      paused: { isError: false },
    });
  });

  test('is never an admin’s', async () => {
    const { looked, paused } = await saidWith(TOKENS.admin);
    for (const { isError, text } of [looked, paused]) {
      expect({ isError, text }).toEqual({ isError: true, text: expect.stringContaining("an admin's") });
    }
  });

  test.each([
    ['operator', 'can approve what it queued', false],
    ['viewer', 'it can look, and neither queue nor stop', true],
  ] as const)('of a %s works, with a warning that says why it should not', async (role, words, isRefused) => {
    const { said, looked, paused } = await saidWith(TOKENS[role]);
    expect(said).toContain(`the token's role is ${role}, not agent`);
    expect(said).toContain(words);
    expect(said).toContain('aol tokens create NAME --role agent');
    expect([looked.isError, paused.isError]).toEqual([false, isRefused]);
  });

  test('where there is none the server does not start, and says what to set; a data folder is not looked into', async () => {
    let said = '';
    const missing = connectAgent({ AOL_API_URL: api.url, AOL_TOKEN: '', AOL_DATA_DIR: '/proc/nowhere' }, (text) => {
      said += text;
    });
    await expect(missing).rejects.toThrow(/closed/i);
    await until('it has said why', () => said.includes('AOL_TOKEN'));
    expect(said).toContain('aol tokens create NAME --role agent');
  });
});
