import { describe, expect, test } from '@jest/globals';
import type { Answer } from '../../src/adapters/exchange/index.ts';
import {
  answered,
  commonOutcome,
  headerOf,
  jsonOf,
  limitsOf,
  objectOf,
  resetAtMs,
  textIn,
} from '../../src/adapters/http-answers.ts';

const NOW_MS = Date.parse('2026-11-23T16:00:00.000Z');

function answer(status: number, headers: Answer['headers'] = {}, text = '', cut?: string): Answer {
  const start = Buffer.from(text);
  return {
    kind: 'answer',
    status,
    headers,
    body: { start, byteCount: start.length, sha256: '', ...(cut !== undefined && { cut }) },
  };
}

describe('a body', () => {
  test('is JSON, or undefined', () => {
    expect(jsonOf(answer(200, {}, '[1]'))).toEqual([1]);
    expect(objectOf(answer(200, {}, '{"id":"7"}'))).toEqual({ id: '7' });
    expect(objectOf(answer(200, {}, '[1]'))).toBeUndefined();
    expect(jsonOf(answer(502, {}, '<html>bad gateway</html>'))).toBeUndefined();
    expect(jsonOf(answer(200, {}, '{"id":"7"}', 'the connection was closed within the body'))).toBeUndefined();
    expect(textIn({ id: '7', none: '', number: 1 }, 'id')).toBe('7');
    for (const name of ['none', 'number', 'toString', '__proto__'])
      expect(textIn({ none: '', number: 1 }, name)).toBeUndefined();
  });

  test('what a provider says stays on one line, and is cut', () => {
    expect(answered('Bluesky', answer(400), 'Invalid\n\u0000 swap')).toBe('Bluesky answered 400: Invalid swap');
    expect(answered('X', answer(500))).toBe('X answered 500');
    expect(answered('X', answer(400), 'é'.repeat(1_000)).length).toBeLessThan(330);
  });
});

describe('limits', () => {
  test.each([
    ['2026-11-23T16:05:00.000000Z', NOW_MS + 300_000],
    ['2026-11-23T17:05:00+01:00', NOW_MS + 300_000],
    [String(NOW_MS / 1_000 + 300), NOW_MS + 300_000],
    [String(NOW_MS + 300_000), NOW_MS + 300_000],
    [`${NOW_MS / 1_000 + 300}.5`, NOW_MS + 300_500],
    ['300', NOW_MS + 300_000],
    ['1.25', NOW_MS + 1_250],
    ['6m0s', NOW_MS + 360_000],
    ['1h2m', NOW_MS + 3_720_000],
    ['250ms', NOW_MS + 250],
    ['0', NOW_MS],
    ['', undefined],
    ['soon', undefined],
    ['-5', undefined],
    [undefined, undefined],
  ])('a reset told as %s', (header, expected) => {
    expect(resetAtMs(header, NOW_MS)).toBe(expected);
  });

  test('of an answer', () => {
    const names = { remaining: 'x-ratelimit-remaining', reset: 'x-ratelimit-reset' };
    const told = answer(200, { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': '60' });
    expect(limitsOf(told, 'statuses', names, NOW_MS)).toEqual([
      { scope: 'statuses', remaining: 3, resetAt: NOW_MS + 60_000 },
    ]);
    expect(limitsOf(answer(200), 'statuses', names, NOW_MS)).toEqual([]);
    expect(headerOf(told, 'x-request-id')).toBeUndefined();
  });
});

describe('what a status says wherever it comes from', () => {
  const spent = [{ scope: 'statuses', remaining: 0, resetAt: NOW_MS + 90_000 }];
  test.each([
    ['429 with Retry-After', answer(429, { 'retry-after': '30' }), { kind: 'not_sent', retryAfterMs: 30_000 }],
    ['429 with a reset', answer(429), { kind: 'not_sent', retryAfterMs: 90_000 }],
    [
      '429 until tomorrow: the account waits',
      answer(429, { 'retry-after': '50000' }),
      { kind: 'on_hold', untilMs: NOW_MS + 50_000_000 },
    ],
    ['503 that names a time', answer(503, { 'retry-after': '5' }), { kind: 'not_sent', retryAfterMs: 5_000 }],
    ['a bare 503', answer(503), { kind: 'unknown' }],
    ['500', answer(500), { kind: 'unknown' }],
    ['504', answer(504), { kind: 'unknown' }],
    ['408', answer(408), { kind: 'unknown' }],
  ])('%s', (_name, given, expected) => {
    expect(commonOutcome('X', given, spent, NOW_MS)).toMatchObject(expected);
  });

  test('everything else is for the provider’s own table', () => {
    for (const status of [200, 302, 400, 401, 403, 404, 409, 422])
      expect(commonOutcome('X', answer(status), [], NOW_MS)).toBeUndefined();
  });
});
