/** What only a terminal gets: colours, a picture drawn in place, a line of progress. */

import { describe, expect, test } from '@jest/globals';
import { control, guarded, toTerminal } from '../../src/cli/terminal/guard.ts';
import type { CliIo } from '../../src/cli/terminal/io.ts';
import { withPicture } from '../../src/cli/terminal/live.ts';
import { modeWord, modeWords, paint, statusWords, textOf } from '../../src/cli/terminal/paint.ts';
import { withProgress } from '../../src/cli/terminal/progress.ts';
import { statusPage } from '../../src/cli/terminal/status-text.ts';
import { fields, table } from '../../src/cli/terminal/text.ts';
import { cutToWidth, displayWidth } from '../../src/cli/terminal/width.ts';
import { statusSchema } from '../../src/contracts/http/status.ts';
import { until } from '../support/until.ts';

const IS_WELL = { ok: true, detail: '', latencyMs: 1 };
const ESCAPE = '\u001b';

describe('words', () => {
  test('PROOF and REAL differ in colour, and are the same words without', () => {
    const rows = [[modeWord('PROOF')], [modeWord('REAL')]];
    const plain = table(['MODE'], rows);
    const colored = toTerminal(table(['MODE'], rows, true));
    expect(plain.split('\n')).toEqual(['MODE', 'PROOF', 'REAL']);
    expect(colored).toContain(`${ESCAPE}[36mPROOF`);
    expect(colored).toContain(`${ESCAPE}[41mREAL`);
    expect(paint('REAL', 'real', false)).toBe('REAL');
    expect(paint('', 'bad', true)).toBe('');
  });

  test('a REAL action says whether it still needs an approval', () => {
    expect(textOf(modeWords('REAL', false))).toBe('REAL: it is sent');
    expect(textOf(modeWords('REAL', true))).toBe('REAL: it is sent when a person has approved it');
    expect(textOf(modeWords('PROOF', true))).toBe('PROOF: nothing is sent');
  });

  test.each([
    ['PROOF', {}, 'PROOF: nothing is sent (why)'],
    ['REAL', {}, 'REAL: it is sent (why)'],
    ['REAL', { killed: true }, 'REAL: nothing is sent while its lanes are killed or paused (why)'],
  ])('the status of %s with the flags %j', (mode, flags, said) => {
    const lane = { lane: 'a', mode, why: '', lease: { owner: null, token: 1, ttlMs: null, health: 'GREEN' }, flags };
    const status = statusSchema.parse({
      mode,
      why: 'why',
      workers: { count: 1, proof: 0, real: 1 },
      lanes: [{ ...lane, counts: {}, oldestDueAgeMs: null, lastTick: null }],
      dependencies: { postgres: IS_WELL, temporal: IS_WELL },
    });
    expect(statusPage(status, 'here', false)).toContain(`mode      ${said}\n`);
  });

  test('a SUCCESS says whether something was sent', () => {
    expect(textOf(statusWords('SUCCESS', 'PROOF'))).toBe('SUCCESS: it was proved, nothing was sent');
    expect(textOf(statusWords('SUCCESS', 'REAL'))).toBe('SUCCESS: it was sent');
    expect(textOf(statusWords('UNCONFIRMED', 'REAL'))).toContain('may have been sent');
  });

  test('columns stand under one another, whatever the characters and colours', () => {
    const rows = [
      ['漢字', { text: 'bad', tone: 'bad' as const }, '7'],
      ['👍🏽 ok', 'x', '1000'],
      [`é${ESCAPE}[31m`, '', '-'],
    ];
    expect(table(['NAME', 'WORD', 'N'], rows).split('\n')).toEqual([
      'NAME         WORD     N',
      '漢字         bad      7',
      '👍🏽 ok        x     1000',
      'é\\u001b[31m           -',
    ]);
    expect(displayWidth('漢字')).toBe(4);
    expect(cutToWidth('漢字漢字', 5)).toBe('漢字…');
    expect(
      toTerminal(
        fields(
          [
            ['a', 1],
            ['long', { text: 'x', tone: 'good' }],
            ['none', null],
          ],
          true,
        ),
      ),
    ).toBe(`a     1\nlong  ${ESCAPE}[32mx${ESCAPE}[39m`);
  });
});

describe('what comes from outside', () => {
  const ranges = [
    [0x00, 0x08],
    [0x0b, 0x1f],
    [0x7f, 0x9f],
    [0x200e, 0x200f],
    [0x202a, 0x202e],
    [0x2066, 0x2069],
  ] as const;
  const steering = ranges.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index)),
  );

  test('is shown, whichever way it is printed, and steers nothing', async () => {
    const written: string[] = [];
    const write = (text: string) => void written.push(text);
    const streams: CliIo = {
      out: write,
      outBytes: () => undefined,
      talk: write,
      isTerminal: true,
      isOutTerminal: true,
      color: true,
      screen: { rows: () => 9, write },
      progress: write,
      readStdin: () => Promise.resolve(new Uint8Array()),
      ask: (question) => Promise.resolve(question),
      config: () => Promise.reject(new Error('none')),
    };
    const io = guarded(streams, () => undefined);
    expect(steering).toHaveLength(74);
    for (const character of steering) {
      written.length = 0;
      const text = `a${character}b`;
      io.out(text);
      io.outBytes(Buffer.from(text));
      io.talk(text);
      io.screen?.write(text);
      io.progress?.(text);
      written.push(await io.ask(text));
      const shown = `a\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}b`;
      expect(written).toEqual(Array.from({ length: 6 }, () => shown));
    }
  });

  test('cannot pass for ours', () => {
    const ours = control(`${ESCAPE}[2K`);
    expect(toTerminal(`${ours}${ESCAPE}[2K${paint(`x${ESCAPE}[0m`, 'real', true)}`)).toBe(
      `${ESCAPE}[2K\\u001b[2K${ESCAPE}[1m${ESCAPE}[37m${ESCAPE}[41mx\\u001b[0m${ESCAPE}[49m${ESCAPE}[39m${ESCAPE}[22m`,
    );
    const forged = fields([
      ['status', 'DLQ'],
      ['error', 'no\nstatus  SUCCESS'],
    ]);
    expect(forged).toBe('status  DLQ\nerror   no\n        status  SUCCESS');
  });

  test('is the same JSON as before', () => {
    const value = { [`k${steering.join('')}`]: steering };
    expect(JSON.parse(toTerminal(JSON.stringify(value, undefined, 2)))).toEqual(value);
  });
});

describe('a picture', () => {
  test('is drawn from the top without flicker, fits, and gives the terminal back', async () => {
    const written: string[] = [];
    const screen = { rows: () => 3, write: (text: string) => written.push(toTerminal(text)) };
    const failing = withPicture(screen, (picture) => {
      picture.draw('one\ntwo\nthree\nfour');
      return Promise.reject(new Error('over'));
    });
    await expect(failing).rejects.toThrow('over');
    expect(written).toEqual([
      `${ESCAPE}[?25l${ESCAPE}[?7l${ESCAPE}[H${ESCAPE}[2J`,
      `${ESCAPE}[Hone${ESCAPE}[K\ntwo${ESCAPE}[K\n${ESCAPE}[J`,
      `${ESCAPE}[?7h${ESCAPE}[?25h`,
    ]);
  });
});

describe('progress', () => {
  const io = (progress?: (text: string) => void): Pick<CliIo, 'progress' | 'talk'> => ({
    progress,
    talk: (text) => progress?.(`${text}\n`),
  });

  test('shows a bar where a person watches, and takes it away', async () => {
    const written: string[] = [];
    await withProgress(
      io((text) => written.push(toTerminal(text))),
      'counting',
      async ({ at, say }) => {
        await until('it spins', () => written.length > 0);
        say('a line');
        expect(written.slice(-2)).toEqual([`\r${ESCAPE}[2K`, 'a line\n']);
        at(1, 2);
        await until('it shows how far it is', () => written.some((text) => text.includes('1/2')));
      },
    );
    expect(written[0]).toContain('counting');
    expect(written.some((text) => text.includes(`[${'█'.repeat(12)}${'░'.repeat(12)}] 1/2`))).toBe(true);
    expect(written.at(-1)).toBe(`\r${ESCAPE}[2K`);
  });

  test('writes nothing elsewhere, nor for what is over at once', async () => {
    expect(await withProgress(io(), 'counting', ({ at }) => Promise.resolve(at(1, 2)))).toBeUndefined();
    const written: string[] = [];
    await withProgress(
      io((text) => written.push(text)),
      'counting',
      () => Promise.resolve(),
    );
    expect(written).toEqual([]);
  });
});
