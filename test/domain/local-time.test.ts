/** Times in a zone: which moment they are, also around the change of clocks. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ownZone, readTime, wallTime } from '../../src/domain/local-time.ts';

function moment(text: string): string {
  const read = readTime(text);
  return read.ok ? read.at.toISOString() : read.rule;
}

describe('a time is read', () => {
  test.each([
    ['2026-12-01 09:00 Europe/Berlin', '2026-12-01T08:00:00.000Z'],
    ['2026-07-01T09:00:30 Europe/Berlin', '2026-07-01T07:00:30.000Z'],
    ['2026-12-01 09:00 America/New_York', '2026-12-01T14:00:00.000Z'],
    ['2026-12-01 09:00 Asia/Kathmandu', '2026-12-01T03:15:00.000Z'],
    ['2026-12-01 09:00 UTC', '2026-12-01T09:00:00.000Z'],
    ['2026-12-24T18:00:00Z', '2026-12-24T18:00:00.000Z'],
    ['2026-12-24T18:00:00.25+01:00', '2026-12-24T17:00:00.250Z'],
    ['2026-12-24 18:00 -0330', '2026-12-24T21:30:00.000Z'],
    ['2028-02-29 00:00 Pacific/Apia', '2028-02-28T11:00:00.000Z'],
  ])('%s is %s', (text, expected) => expect(moment(text)).toBe(expected));

  test.each([
    ['2026-12-01 09:00', 'must name its zone'],
    ['2026-11-31 09:00 Europe/Berlin', 'that exist'],
    ['2026-12-01 24:00 Europe/Berlin', 'that exist'],
    ['2026-12-01 09:60 Europe/Berlin', 'that exist'],
    ['2026-12-01 09:00 Europe/Berln', 'an unknown time zone, Europe/Berln'],
    ['tomorrow', 'must be a date and time with a zone: 2026-12-01 09:00 Europe/Berlin'],
    ['2026-12-01', 'must be a date and time with a zone'],
    ['', 'must be a date and time with a zone'],
  ])('%s is refused', (text, rule) => {
    expect(readTime(text)).toMatchObject({ ok: false });
    expect(moment(text)).toContain(rule);
  });
});

describe('where clocks change', () => {
  test.each([
    ['2026-03-29 02:30 Europe/Berlin', '2026-03-29 01:59 and 2026-03-29 03:00'],
    ['2026-03-29 02:00 Europe/Berlin', '2026-03-29 01:59 and 2026-03-29 03:00'],
    ['2026-03-08 02:59 America/New_York', '2026-03-08 01:59 and 2026-03-08 03:00'],
    // Half an hour, and at another time of day.
    ['2026-10-04 02:15 Australia/Lord_Howe', '2026-10-04 01:59 and 2026-10-04 02:30'],
    // A whole day that never was.
    ['2011-12-30 12:00 Pacific/Apia', '2011-12-29 23:59 and 2011-12-31 00:00'],
  ])('%s does not exist, and the nearest times are told', (text, nearest) => {
    expect(moment(text)).toContain('does not exist');
    expect(moment(text)).toContain(nearest);
  });

  test.each(['2026-03-29 01:59 Europe/Berlin', '2026-03-29 03:00 Europe/Berlin'])('%s exists', (text) =>
    expect(readTime(text)).toEqual({ ok: true, at: expect.any(Date) }),
  );

  test('of a time that comes twice the first is taken, and that is said', () => {
    expect(readTime('2026-10-25 02:30 Europe/Berlin')).toEqual({
      ok: true,
      at: new Date('2026-10-25T00:30:00Z'),
      note: '2026-10-25 02:30 comes twice in Europe/Berlin, where clocks go back: the first is taken, 2026-10-25T00:30:00.000Z',
    });
    expect(moment('2026-11-01 01:00 America/New_York')).toBe('2026-11-01T05:00:00.000Z');
    expect(readTime('2026-10-25 03:00 Europe/Berlin')).toEqual({ ok: true, at: new Date('2026-10-25T02:00:00Z') });
  });
});

test('what a clock shows at a moment is read as that moment, or as the first one that it shows the same at', () => {
  const zone = fc.constantFrom(
    'Europe/Berlin',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Asia/Tokyo',
    'Africa/Casablanca',
  );
  const at = fc.date({ min: new Date('1990-01-01'), max: new Date('2035-01-01'), noInvalidDate: true });
  fc.assert(
    fc.property(zone, at, (name, date) => {
      const shown = wallTime(date, name);
      const read = readTime(`${shown} ${name}`);
      if (!read.ok) throw new Error(`${shown} ${name}: ${read.rule}`);
      const second = Math.floor(date.getTime() / 1_000) * 1_000;
      expect(wallTime(read.at, name)).toBe(shown);
      expect(read.at.getTime()).toBeLessThanOrEqual(second);
      if (read.note === undefined) expect(read.at.getTime()).toBe(second);
    }),
    { numRuns: 300 },
  );
});

test('the own zone is one', () => {
  expect(wallTime(new Date(0), ownZone())).toMatch(/^19(?:69|70)-/);
});
