import { describe, expect, test } from '@jest/globals';
import { postChatAdapter } from '../../../src/adapters/post-chat/index.ts';
import { findContract } from '../../../src/contracts/payloads/index.ts';
import { chatLength, chatText } from '../../../src/contracts/payloads/post-chat-text.ts';
import { describeAdapter } from '../conformance.ts';

const ROOM = '!ops:example.com';
describeAdapter(postChatAdapter, {
  slack: { service: 'slack', channel: 'C0123456789', text: 'Hi <!channel>' },
  'slack thread': { service: 'slack', channel: 'C0123456789', text: 'Hi', thread: '1732377600.000100' },
  discord: { service: 'discord', channel: '1290000000000000001', text: 'Hi @everyone' },
  'discord thread': { service: 'discord', channel: '1290000000000000001', text: 'Hi', thread: '1290000000000000009' },
  matrix: { service: 'matrix', channel: ROOM, text: 'Hi @room' },
  'matrix thread': { service: 'matrix', channel: ROOM, text: 'Hi', thread: '$abc' },
});

function problems(payload: unknown): readonly string[] {
  const check = findContract('POST_CHAT')?.check(payload);
  if (!check) throw new Error('POST_CHAT is not in the catalogue');
  return check.ok ? [] : check.problems.map(({ field, rule }) => `${field} ${rule}`);
}
const slack = { service: 'slack', channel: 'C0123456789', text: 'Hi' };
const discord = { service: 'discord', channel: '1290000000000000001', text: 'Hi' };
const matrix = { service: 'matrix', channel: ROOM, text: 'Hi' };

describe('what is refused when it is queued', () => {
  test('case 26: a text that is longer than its chat takes, as it is sent', () => {
    expect(problems({ ...slack, text: 'a'.repeat(4_000) })).toEqual([]);
    expect(problems({ ...slack, text: 'a'.repeat(4_001) })).toEqual([
      'payload.text must be at most 4000 characters for slack, and has 4001 as it is sent',
    ]);
    expect(problems({ ...slack, text: '&'.repeat(801) })).toEqual([
      'payload.text must be at most 4000 characters for slack, and has 4005 as it is sent',
    ]);
    expect(problems({ ...discord, text: 'a'.repeat(2_000) })).toEqual([]);
    expect(problems({ ...discord, text: '*'.repeat(1_001) })).toHaveLength(1);
    expect(problems({ ...matrix, text: 'a'.repeat(59_998) })).toEqual([]);
    expect(problems({ ...matrix, text: '\n'.repeat(2) })).toEqual(['payload.text must not be blank']);
    expect(chatLength('matrix', 'a\n').used).toBe(5);
  });

  test.each([
    [{ ...slack, channel: '#general' }, 'payload.channel must be the id of a channel or a person'],
    [{ ...discord, channel: 'general' }, 'payload.channel must be the id of a channel'],
    [{ ...matrix, channel: '#ops:example.com' }, 'payload.channel must be the id of a room'],
    [{ ...slack, thread: '17' }, 'payload.thread must be the ts'],
    [{ ...discord, thread: 'x' }, 'payload.thread must be the id of a thread'],
    [{ ...matrix, thread: 'abc' }, 'payload.thread must be the id of the event'],
  ])('%j', (payload, problem) => {
    expect(problems(payload)).toEqual([expect.stringContaining(problem)]);
  });
});

test('nothing in a text is markup', () => {
  expect(chatText('slack', '&amp; <@U1> *b*')).toBe('&amp;amp; &lt;@U1&gt; *b*');
  expect(chatText('discord', '[a](https://x.test/_) ||s|| `c` \\*')).toBe(
    '\\[a\\](https://x.test/_) \\|\\|s\\|\\| \\`c\\` \\\\\\*',
  );
  expect(chatText('discord', 'a - b # c 1.5\n  - d\n-# e\n12. f')).toBe('a - b # c 1.5\n  \\- d\n\\-# e\n12\\. f');
  expect(chatText('matrix', '<b> @room')).toBe('<b> @room');
});
