import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseJsonText } from '../../src/contracts/http/json-text.ts';

describe('numbers of JSON', () => {
  test.each([
    '1e-400',
    '1.00000000000000000001',
    '0.1234567890123456789',
    '123456789.123456789123',
    '-0',
    '-0.0',
    '-0e5',
    '1e400',
    '9007199254740993',
    '0.30000000000000004e-310',
  ])('%s would become another one: it is refused, with its field', (text) => {
    const parse = () => parseJsonText(`{"a":[1,${text}]}`);
    expect(parse).toThrow(expect.objectContaining({ problems: [{ field: 'a.1', rule: expect.any(String) }] }));
  });

  test.each([
    '0',
    '0.0',
    '0e0',
    '1.50',
    '1e2',
    '1E+2',
    '100e-2',
    '0.1',
    '5e-324',
    '1e-7',
    '123456789.12345678',
    '9007199254740991',
    '1.000000000000000000',
    '-12.5e-3',
  ])('%s is what it says', (text) => {
    expect(parseJsonText(text)).toBe(Number(text));
  });

  test('whatever JavaScript writes is read again', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        fc.pre(!Object.is(value, -0) && (!Number.isInteger(value) || Number.isSafeInteger(value)));
        expect(parseJsonText(JSON.stringify(value))).toBe(value);
      }),
      { numRuns: 2_000 },
    );
  });
});
