/** What an action is called in lists: its content, so that two calls of one address are told apart. */

import { expect, test } from '@jest/globals';
import { SUMMARY_SOURCE_LENGTH, summaryOf } from '../../src/contracts/payloads/summary.ts';

const url = 'https://hooks.example.com/posts';

test.each([
  [{ channel: '#marketing', text: 'We are hiring' }, 'hooks.example.com/posts: We are hiring'],
  [{ order: 4711, status: 'shipped', lines: [{ sku: 'A-1' }] }, 'hooks.example.com/posts: order 4711, status shipped'],
  ['a text alone', 'hooks.example.com/posts: a text alone'],
  [{ nested: { text: 'deep' } }, `POST ${url}`],
  [{ text: '   ', of: true }, 'hooks.example.com/posts: text , of true'],
  [null, `POST ${url}`],
  [[1, 2], `POST ${url}`],
])('a webhook with the body %j is %p', (body, summary) => {
  expect(summaryOf('CALL_WEBHOOK', { url, body })).toBe(summary);
});

test('another method than POST is told, and a long address leaves room for the content', () => {
  expect(summaryOf('CALL_WEBHOOK', { url, method: 'DELETE', body: { id: 5 } })).toBe(
    'DELETE hooks.example.com/posts: id 5',
  );
  const long = summaryOf('CALL_WEBHOOK', { url: `${url}/${'a'.repeat(200)}`, body: { text: 'the content' } });
  expect(long).toMatch(/^hooks\.example\.com\/posts\/a+…: the content$/u);
  expect(long.length).toBeLessThan(80);
});

test('a message of a chat, a question to a model and a type of others are called by their words', () => {
  const chat = { service: 'slack', channel: 'C0123456789', text: 'The release is out' };
  expect(summaryOf('POST_CHAT', chat)).toBe('slack C0123456789: The release is out');
  expect(summaryOf('GENERATE_TEXT', { model: 'small', prompt: 'Say what\nan owl is.' })).toBe('Say what an owl is.');
  expect(summaryOf('PLAY', { acts: ['done'], name: 'invoice 2042' })).toBe('invoice 2042');
  expect(summaryOf('PLAY', { acts: ['done'] })).toBe('{"acts":["done"]}');
  expect(summaryOf('PLAY', { text: 'x'.repeat(1_000) })).toHaveLength(SUMMARY_SOURCE_LENGTH);
});
