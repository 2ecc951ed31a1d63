/** Credentials are found in whatever form a provider says them back. */

import { expect, test } from '@jest/globals';
import { createScrubber } from '../../src/accounts/scrubbing.ts';

const TOKEN = 'canary0123456789abcdef';

test.each([
  ['as it is', 'pass-word/1', 'no: pass-word/1!'],
  ['in an address', 'pass-word/1', 'no: pass-word%2F1!'],
  ['in base64', 'pass-word/1', `no: ${Buffer.from('pass-word/1').toString('base64')}`],
  ['in base64 behind a user', 'pass-word/1', `no: ${Buffer.from('\0mailer\0pass-word/1').toString('base64')}`],
  ['in base64 behind another', 'pass-word/1', `no: ${Buffer.from('\0ann\0pass-word/1').toString('base64')}`],
  ['in base64 behind a third', 'pass-word/1', `no: ${Buffer.from('\0bo:pass-word/1, said').toString('base64')}`],
  [
    'with its user, of an address',
    'smtp://mailer:pass-word@mail.example',
    `no: ${Buffer.from('mailer:pass-word').toString('base64')}`,
  ],
  [
    'an incoming webhook by its path alone',
    `https://hooks.example/services/T0/B0/${TOKEN}`,
    `no: /services/T0/B0/${TOKEN}`,
  ],
  ['by a longer path', `https://chat.example/api/webhooks/1/${TOKEN}`, `no: /api/v10/webhooks/1/${TOKEN}?wait=true`],
  ['in a query', `https://hooks.example/in?key=${TOKEN}`, `no: key ${TOKEN}`],
])('%s', (_form, secret, said) => {
  const scrubber = createScrubber();
  scrubber.learn([secret]);
  const text = scrubber.scrub(said);
  expect(text).toMatch(/^no: .*\[a credential\]/u);
  expect(text).not.toMatch(/canary|pass-word|cGFzcy13b3Jk/u);
});

test('words of an address stay', () => {
  const scrubber = createScrubber();
  scrubber.learn([`https://hooks.example/services/T0/B0/${TOKEN}`]);
  expect(scrubber.scrub('services of hooks.example')).toBe('services of hooks.example');
});
