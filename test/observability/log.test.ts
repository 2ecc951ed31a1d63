import { describe, expect, test } from '@jest/globals';
import { createLog, scrubber } from '../../src/observability/log.ts';

function written(secrets: readonly string[], write: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  write(createLog({ level: 'debug', secrets, to: { write: (line) => void lines.push(line) } }));
  return lines;
}

describe('the log', () => {
  test('is one line of JSON per entry, whatever is in it', () => {
    const [line = '', ...others] = written([], (log) =>
      log.info({ key: 'a\nb\u001b[31m', lane: 'default' }, 'two\nlines'),
    );
    expect(others).toEqual([]);
    for (const control of ['\n', '\u001b']) expect(line.trimEnd()).not.toContain(control);
    expect(JSON.parse(line)).toMatchObject({ level: 30, lane: 'default', key: 'a\nb\u001b[31m', msg: 'two\nlines' });
  });

  test('holds no value of a secret variable, wherever it came in', () => {
    const secret = 'sk-"quoted"\\and-long';
    const lines = written([secret, 'short'], (log) => {
      log.info({ url: `https://example.com/?key=${secret}` }, `with ${secret}`);
      log.error({ err: new Error(`the provider said ${secret}`) }, 'failed');
      log.info({}, 'short');
    });
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(JSON.stringify(JSON.parse(line))).not.toContain('and-long');
    expect(lines[0]).toContain('with [redacted]');
    expect(lines[2]).toContain('short');
  });

  test('holds nothing that stands in a field for secrets, or looks like one', () => {
    const lines = written([], (log) => {
      log.info(
        { authorization: 'aaaa', headers: { cookie: 'bbbb' }, request: { headers: { authorization: 'cccc' } } },
        'm',
      );
      log.info({ token: 'dddd', options: { password: 'eeee', apiKey: 'ffff' } }, 'm');
      log.warn({ error: 'connect postgresql://aol:gggg@db/aol' }, 'Authorization: Bearer hhhhhhhhhh');
      log.warn({}, `whsec_${'i'.repeat(32)} aol_admin_${'j'.repeat(43)} aolt_0123abcd_${'k'.repeat(43)}`);
    });
    expect(lines.join('')).not.toMatch(/aaaa|bbbb|cccc|dddd|eeee|ffff|gggg|hhhh|iiii|jjjj|kkkk/);
    expect(lines[3]).toContain('aolt_0123abcd_[redacted]');
    expect(lines[2]).toContain('postgresql://aol:[redacted]@db/aol');
  });

  test('holds no named token, wherever in a line it stands', () => {
    const token = `aolt_0123abcd_${'aZ0_-'.repeat(8)}kkk`;
    const lines = written([], (log) => {
      log.warn(
        { error: `401 for ${token}`, header: token, url: `https://aol.example/?t=${token}&x=1` },
        `with ${token}.`,
      );
      log.error({ err: new Error(token), list: [token], nested: { deep: { [token]: token } } }, `"${token}"`);
    });
    for (const line of lines) expect(line.replaceAll('aolt_0123abcd_[redacted]', '')).not.toMatch(/aolt_|aZ0|kkk/);
  });

  test('a secret that holds another one is taken out as a whole', () => {
    expect(scrubber(['abcdefgh', 'abcdefgh-longer'])('x abcdefgh-longer y abcdefgh')).toBe('x [redacted] y [redacted]');
  });
});
