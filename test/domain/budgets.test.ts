import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { useText } from '../../src/contracts/budget-words.ts';
import { amountText, microUsdIn, spentMicroUsd, toMicroUsd, usdText } from '../../src/domain/budgets.ts';

test.each([
  ['2.5', 2_500_000],
  ['0', 0],
  ['0.000001', 1],
  ['1000000', 1_000_000_000_000],
  ['1000000.000001', undefined],
  ['0.0000001', undefined],
  ['-1', undefined],
  ['1e3', undefined],
  ['2,50', undefined],
  ['', undefined],
])('%s dollars are %s millionths', (text, amount) => {
  expect(microUsdIn(text)).toBe(amount);
});

test('an amount is the same after it was written and read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000_000_000 }), (amount) => {
      expect(microUsdIn(usdText(amount).replace(' USD', ''))).toBe(amount);
      expect(toMicroUsd(amount / 1_000_000)).toBe(amount);
    }),
  );
});

test('a part of a millionth counts as one', () => {
  expect(toMicroUsd(0.000_055_2)).toBe(56);
  expect(toMicroUsd(0.1 + 0.2)).toBe(300_000);
});

test.each([
  [{ price: { usd: 0.015, asOf: '2026-04-30' } }, 15_000],
  [{ price: { usd: 0 } }, 0],
  [{ price: { usd: -1 } }, undefined],
  [{ price: { usd: '1' } }, undefined],
  [{ price: null }, undefined],
  [{}, undefined],
])('the receipt %j says %s', (receipt, amount) => {
  expect(spentMicroUsd(receipt)).toBe(amount);
});

test('amounts in words', () => {
  expect([amountText(1, 'effects'), amountText(20, 'effects'), amountText(2_500_000, 'microUsd')]).toEqual([
    '1 effect',
    '20 effects',
    '2.50 USD',
  ]);
  const budget = { span: 'day', unit: 'microUsd', limit: 2_500_000, used: 125, resetsAt: '' };
  expect(useText(budget)).toBe('0.000125 of 2.50 USD today');
});
