/** Where notices go, as `AOL_NOTICES` says it. */

import { expect, test } from '@jest/globals';
import { parseNoticeDestinations } from '../../src/domain/notice-destinations.ts';

test('mail, Slack and webhooks, with the account that speaks', () => {
  expect(
    parseNoticeDestinations(
      'mailto:ops@example.com, slack:#approvals?account=team,slack:C0123456789,https://hooks.example/in/secret?token=t',
    ),
  ).toEqual([
    { kind: 'mail', name: 'mailto:ops@example.com', address: 'ops@example.com' },
    { kind: 'slack', name: 'slack:#approvals?account=team', channel: '#approvals', account: 'team' },
    { kind: 'slack', name: 'slack:C0123456789', channel: 'C0123456789' },
    {
      kind: 'webhook',
      name: expect.stringMatching(/^https:\/\/hooks\.example\/…[0-9a-f]{8}$/u),
      url: 'https://hooks.example/in/secret?token=t',
    },
  ]);
});

test('an approver, alone or with the account that speaks', () => {
  expect(
    parseNoticeDestinations('mailto:a@example.com?approver=@anna,slack:U0123456789?approver=ben&account=team'),
  ).toEqual([
    { kind: 'mail', name: 'mailto:a@example.com?approver=@anna', address: 'a@example.com', approver: '@anna' },
    {
      kind: 'slack',
      name: 'slack:U0123456789?approver=ben&account=team',
      channel: 'U0123456789',
      approver: 'ben',
      account: 'team',
    },
  ]);
});

test.each([
  '',
  'mailto:a@example.com?approver=',
  'mailto:a@example.com?approver=@anna&approver=@ben',
  'mailto:a@example.com?',
  'ops@example.com',
  'mailto:ops',
  'mailto:ops@example.com?subject=x',
  'mailto:a@example.com,mailto:a@example.com',
  'slack:approvals',
  'slack:#',
  'http://hooks.example/in',
  'https://me:secret@hooks.example/',
  'discord:123',
  'mailto:ops@example.com,',
])('%p is none', (text) => {
  expect(parseNoticeDestinations(text)).toBeUndefined();
});

test('plain http reaches this machine only', () => {
  expect(parseNoticeDestinations('http://127.0.0.1:9000/in')).toMatchObject([{ kind: 'webhook' }]);
});
