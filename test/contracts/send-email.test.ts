import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeContract } from '../../src/contracts/payloads/contract.ts';
import { emailAddressProblem } from '../../src/contracts/payloads/email-address.ts';
import { sendEmailContract } from '../../src/contracts/payloads/send-email.ts';
import { growthOf, MOST_GROWTH } from '../support/growth.ts';

const contract = describeContract(sendEmailContract);
const mail = { to: ['a@x.test'], subject: 'Hello', text: 'Hi' };
const problems = (more: object) => {
  const checked = contract.check({ ...mail, ...more });
  return checked.ok ? [] : checked.problems.map(({ field, rule }) => `${field} ${rule}`);
};

describe('addresses', () => {
  test.each([
    'ada@example.com',
    'a.b+tag@mail.example.co.uk',
    "o'neil@example.com",
    'x@xn--bcher-kva.example',
    `${'a'.repeat(64)}@example.com`,
  ])('%s is one', (address) => {
    expect(emailAddressProblem(address)).toBeUndefined();
  });

  test.each([
    'b@x.test,evil@y.test',
    'b@x.test;evil@y.test',
    'b@x.test evil@y.test',
    'a@x.test\r\nBcc: evil@x.test',
    'a@x.test\n',
    'a@x.test\0',
    'Ada <ada@x.test>',
    '<ada@x.test>',
    '"a b"@x.test',
    'group: a@x.test;',
    'a@x.test (evil@y.test)',
    'a@b@x.test',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    'a@localhost',
    'a@-x.test',
    'a@x..test',
    '.a@x.test',
    'a..b@x.test',
    'ä@x.test',
    'a@bücher.example',
    '@x.test',
    'a@',
    '',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.${'e'.repeat(63)}.test`,
  ])('%j is not one, and is refused', (address) => {
    expect(emailAddressProblem(address)).toMatch(/^must /u);
    expect(problems({ to: [address] })).toEqual([expect.stringMatching(/^payload\.to\.0 must /u)]);
  });

  test('what passes holds one @ and nothing that parts a list, ends a line or quotes', () => {
    const letters = fc.constantFrom(...'abA0.-+@,;:<>()[]"\\ \r\n\t\0äx.test'.split(''));
    const texts = fc.oneof(
      fc.string({ unit: letters, maxLength: 30 }),
      fc.string({ unit: letters, maxLength: 20 }).map((text) => `${text}@x.test`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        if (emailAddressProblem(text) !== undefined) return;
        expect(text).toMatch(/^[!-~]+$/u);
        expect(text.split('@')).toHaveLength(2);
        expect(text).not.toMatch(/[,;:<>()[\]"\\]/u);
      }),
      { numRuns: 5_000 },
    );
  });

  test('a long text that is nearly an address is refused in linear time', () => {
    const refuseAll = (size: number) => {
      for (const text of [`${'a.'.repeat(size)}@`, `a@${'b.'.repeat(size)}`, `a@${'b-'.repeat(size / 50)}`])
        expect(emailAddressProblem(text)).toBeDefined();
    };
    expect(growthOf(refuseAll, 5_000)).toBeLessThan(MOST_GROWTH);
  });
});

describe('a mail', () => {
  test('everything that it can have passes', () => {
    expect(
      problems({
        cc: ['b@x.test'],
        bcc: ['c@x.test'],
        html: '<p>Hi</p>',
        replyTo: 'help@x.test',
        account: 'shop',
        attachments: [{ sha256: 'a'.repeat(64), fileName: 'Rechnung März.pdf' }],
        unsubscribe: 'https://x.test/u?id=8f3',
      }),
    ).toEqual([]);
  });

  test('nobody gets it twice, whatever the case', () => {
    expect(problems({ cc: ['A@x.test'], bcc: ['b@x.test', 'b@X.test'] })).toEqual([
      'payload.cc.0 stands twice',
      'payload.bcc.1 stands twice',
    ]);
  });

  test('fifty may get it, over all three fields', () => {
    const many = (count: number, letter: string) => Array.from({ length: count }, (_, n) => `${letter}${n}@x.test`);
    expect(problems({ to: many(50, 'a') })).toEqual([]);
    expect(problems({ to: many(25, 'a'), cc: many(20, 'b'), bcc: many(6, 'c') })).toEqual([
      'payload.to must be at most 50 together with cc and bcc, and are 51',
    ]);
    expect(problems({ to: many(51, 'a') })).not.toEqual([]);
    expect(problems({ to: [] })).not.toEqual([]);
  });

  test.each(['Hello\r\nBcc: evil@x.test', 'Hello\nworld', 'a\0b', 'a\u2028b', ' ', '', 'x'.repeat(251)])(
    'subject %j is refused',
    (subject) => {
      expect(problems({ subject })).not.toEqual([]);
    },
  );

  test.each(['../../etc/passwd', 'a\\b', 'a"b', 'a\r\nContent-Type: text/html', ''])(
    'file name %j is refused',
    (fileName) => {
      expect(problems({ attachments: [{ sha256: 'a'.repeat(64), fileName }] })).not.toEqual([]);
    },
  );

  test.each([
    'http://x.test/u',
    'mailto:u@x.test',
    'https://user:secret@x.test/u',
    'https://x.test/u>, <https://evil.test',
    'https://x.test/a b',
    'https://x.test/\r\nBcc: evil@x.test',
    'https://x.test/ü',
  ])('unsubscribe %j is refused', (unsubscribe) => {
    expect(problems({ unsubscribe })).not.toEqual([]);
  });

  test('an attachment is named by its hash alone: no path, no address, no content', () => {
    for (const attachment of [{ path: '/etc/passwd' }, { href: 'https://x.test/a' }, { content: 'a' }])
      expect(problems({ attachments: [{ sha256: 'a'.repeat(64), fileName: 'a', ...attachment }] })).not.toEqual([]);
  });
});
