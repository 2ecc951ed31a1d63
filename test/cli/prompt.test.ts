/** What a person types at a question: an answer, nothing, or Ctrl+C. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { askOnce } from '../../src/cli/terminal/ask.ts';
import { createTestCli } from '../support/cli.ts';
import { until } from '../support/until.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

/** A terminal at which somebody types `keys` as soon as they are asked. */
function typing(keys: string) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough();
  const shown: string[] = [];
  output.on('data', (chunk) => shown.push(String(chunk)));
  const ask = async (question: string, how?: { readonly isSecret: boolean }) => {
    const type = async () => {
      await until('the question', () => shown.join('').includes(question) && input.listenerCount('keypress') > 0);
      input.write(keys);
    };
    const [answer] = await Promise.all([askOnce({ input, output }, question, how), type()]);
    return answer;
  };
  return { ask, input, shown };
}

describe('a question', () => {
  test.each([false, true])('Enter ends the answer (secret: %s)', async (isSecret) => {
    const { ask, shown } = typing('word\r');
    expect(await ask('name? ', { isSecret })).toBe('word');
    expect(shown.join('').includes('word')).toBe(!isSecret);
  });

  test.each([false, true])('Ctrl+C is no answer (secret: %s)', async (isSecret) => {
    const { ask } = typing(`half${CTRL_C}`);
    await expect(ask('name? ', { isSecret })).rejects.toMatchObject({ name: 'StopAsked' });
  });

  test('a closed terminal answers nothing', async () => {
    expect(await typing(CTRL_D).ask('name? ')).toBe('');
    const { ask, input } = typing('');
    const answer = ask('name? ');
    await until('it listens', () => input.listenerCount('keypress') > 0);
    input.end();
    expect(await answer).toBe('');
  });
});

describe('Ctrl+C at the question of a command', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'aol-prompt-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  test('keeps the context and its token as they are, and the command ends with 130', async () => {
    const cli = createTestCli({ HOME: home });
    try {
      const file = join(home, '.config', 'aol', 'contexts.json');
      const add = (keys: string) =>
        cli.run(['context', 'add', 'prod', 'https://aol.example'], { isTerminal: true, ask: typing(keys).ask });
      expect(await add(CTRL_C)).toMatchObject({ exitCode: 130, talk: expect.stringContaining('stopped') });
      expect(existsSync(file)).toBe(false);
      const token = 'x'.repeat(40);
      expect(await add(`${token}\r`)).toMatchObject({ exitCode: 0 });
      const before = readFileSync(file, 'utf8');
      expect(before).toContain(token);
      expect(await add(CTRL_C)).toMatchObject({ exitCode: 130 });
      expect(readFileSync(file, 'utf8')).toBe(before);
    } finally {
      cli.close();
    }
  });
});
