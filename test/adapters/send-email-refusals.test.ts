/** What a server of mail says while a message is still on its way to it: nothing was sent. */

import { expect, test } from '@jest/globals';
import { refusalOf } from '../../src/adapters/send-email/refusals.ts';
import type { MailServer } from '../../src/adapters/send-email/settings.ts';

const SERVER: MailServer = {
  url: new URL('smtp://mail.example:587'),
  hostname: 'mail.example',
  port: 587,
  user: undefined,
  password: undefined,
  isSecure: false,
  mayBePlain: false,
};

test.each([
  ['421 4.3.2 shutting down', 421, 'not_sent'],
  ['452 4.3.1 no room', 452, 'not_sent'],
  ['552 5.3.4 too large', 552, 'rejected'],
  ['no reply: the message itself is at fault', undefined, 'rejected'],
])('%s', (response, responseCode, kind) => {
  const error = Object.assign(new Error('Message failed'), {
    code: 'EMESSAGE',
    command: 'DATA',
    response,
    responseCode,
  });
  expect(refusalOf(error, SERVER)).toMatchObject({ kind, reason: expect.stringContaining(response) });
});
