/** What notices say, and how each destination gets it. */

import { describe, expect, test } from '@jest/globals';
import { plainText, simpleHtml, webhookBody } from '../../src/activities/notice-forms.ts';
import { noticeContent } from '../../src/activities/notice-text.ts';
import type { NoticeFacts } from '../../src/db/keep/notices.ts';
import { NOTICE_KINDS, type NoticeKind } from '../../src/domain/notices.ts';

const words = {
  dashboard: 'https://aol.example',
  speaker: (_type: string, payload: Readonly<Record<string, unknown>>) =>
    typeof payload.account === 'string' ? 'brand.example' : undefined,
  scrub: (text: string) => text.replaceAll('s3cret', '[a credential]'),
};

function facts(kind: NoticeKind, more: Partial<NoticeFacts> = {}): NoticeFacts {
  return {
    kind,
    at: new Date('2026-11-28T20:00:00Z'),
    lane: 'default',
    account: null,
    detail: {},
    action_id: null,
    type: null,
    mode: null,
    payload: null,
    created_by: null,
    due_at: null,
    approval_expires_at: null,
    last_error: null,
    ...more,
  };
}
const post = (kind: NoticeKind, content: string, more: Partial<NoticeFacts> = {}) =>
  facts(kind, {
    action_id: '0193',
    type: 'POST_SOCIAL',
    mode: 'REAL',
    payload: { platform: 'bluesky', content, account: 'brand' },
    created_by: 'writer',
    due_at: new Date('2026-11-28T19:00:00Z'),
    approval_expires_at: new Date('2026-12-01T09:00:00Z'),
    ...more,
  });
const told = (first: readonly NoticeFacts[], counts?: ReadonlyMap<NoticeKind, number>) =>
  noticeContent({ first, counts: counts ?? new Map(first.map(({ kind }) => [kind, 1])) }, words);

describe('a text', () => {
  test('of an approval says what, in whose name, who asks, when it goes out and by when to decide', () => {
    const content = told([post('approval_waits', 'Hello\nworld', { due_at: new Date('2026-11-29T08:00:00Z') })]);
    expect(content.subject).toMatch(/^AOL: 1 approval waits: “Bluesky: Hello world” as brand\.example/u);
    expect(content.sections[0]?.lines).toEqual([
      {
        text: '“Bluesky: Hello world” as brand.example (lane default), asked for by writer, to go out at 2026-11-29 08:00 UTC. Decide by 2026-12-01 09:00 UTC',
        link: 'https://aol.example/actions/0193',
      },
    ]);
  });

  test('of a dead letter says why, without credentials', () => {
    const { sections } = told([post('dead_letter', 'x', { last_error: 'refused: s3cret\nis wrong', mode: 'PROOF' })]);
    expect(sections[0]?.lines[0]?.text).toBe(
      '“Bluesky: x” as brand.example (lane default, PROOF): refused: [a credential] is wrong',
    );
  });

  test('of a webhook leaves out what stands behind its path', () => {
    const payload = { url: 'https://hooks.example/in?token=abc', method: 'POST', body: {} };
    const { sections } = told([post('approval_waits', '', { type: 'CALL_WEBHOOK', payload })]);
    expect(sections[0]?.lines[0]?.text).toContain('“POST https://hooks.example/in”');
  });

  test.each<[kind: NoticeKind, more: Partial<NoticeFacts>, text: string]>([
    [
      'lane_killed',
      { detail: { actor: 'ada', reason: 'wrong' } },
      'Lane default killed by ada at 2026-11-28 20:00 UTC: wrong',
    ],
    ['lane_killed', { lane: '*', detail: { actor: 'ada' } }, 'All lanes killed by ada at 2026-11-28 20:00 UTC'],
    [
      'lane_red',
      { detail: { since: '2026-11-28T19:00:00.123456+00:00' } },
      'Lane default: nobody looks after it since 2026-11-28 19:00 UTC, and work is due',
    ],
    [
      'real_unlocked',
      { detail: { actor: 'ada', expiresAt: '2026-11-29T04:00:00Z' } },
      'Lane default: unlocked by ada at 2026-11-28 20:00 UTC, until 2026-11-29 04:00 UTC',
    ],
    [
      'real_locked',
      { detail: { actor: 'engine', reason: 'its time ran out' } },
      'Lane default: locked by engine at 2026-11-28 20:00 UTC: its time ran out',
    ],
    [
      'account_held',
      { account: 'brand', detail: { to: 'needs_login', message: 'account brand: needs_login: Bluesky answered 401' } },
      'Account brand needs a log-in: Bluesky answered 401',
    ],
    [
      'account_token',
      { account: 'page', detail: { expiresAt: '2026-12-03T09:00:00Z' } },
      'The token of account page runs out at 2026-12-03 09:00 UTC, and nobody renews it',
    ],
    [
      'account_version',
      { account: 'page', detail: { provider: 'linkedin', version: '202601', endsOn: '2027-01-01' } },
      'linkedin ends version 202601, which account page uses, about 2027-01-01. Set a newer version, and check the account',
    ],
    [
      'account_budget',
      {
        account: 'brand',
        detail: { waiting: 2, reason: 'its account is on hold: its budget of 5 effects in an hour is used up' },
      },
      '2 actions wait for account brand: its budget of 5 effects in an hour is used up',
    ],
    [
      'account_budget',
      { account: 'type:SEND_EMAIL', detail: { waiting: 1 } },
      '1 action waits for the budget of type SEND_EMAIL',
    ],
    [
      'autonomy_lowered',
      { detail: { type: 'POST_SOCIAL', reason: 'three dead letters in a row' } },
      'POST_SOCIAL in lane default needs approval again: three dead letters in a row',
    ],
    [
      'approval_ran_out',
      {
        action_id: 'a',
        type: 'POST_SOCIAL',
        mode: 'REAL',
        payload: { platform: 'x', content: 'Hello' },
        created_by: 'ada',
      },
      '“X: Hello” (lane default), asked for by ada: nobody approved it in its time. It is cancelled, and nothing was sent',
    ],
    ['test', { detail: { actor: 'ada' } }, 'A test that ada asked for. Notices arrive here.'],
  ])('of %s', (kind, more, text) => {
    expect(told([facts(kind, more)]).sections[0]?.lines[0]?.text).toBe(text);
  });

  test('of many kinds names each in the subject, and of many of a kind their number', () => {
    const { subject, sections } = told(
      [post('approval_waits', 'a'), post('dead_letter', 'b')],
      new Map([
        ['approval_waits', 50],
        ['dead_letter', 1],
      ]),
    );
    expect(subject).toBe('AOL: 50 approvals wait, 1 dead letter');
    expect(sections.map(({ count, link }) => [count, link])).toEqual([
      [50, 'https://aol.example/decisions'],
      [1, 'https://aol.example/decisions'],
    ]);
  });

  test('of each kind there is one, and none is long', () => {
    const long = 'x'.repeat(5_000);
    const all = NOTICE_KINDS.map((kind) =>
      post(kind, long, { last_error: long, detail: { message: long, reason: long, type: long } }),
    );
    const { sections, subject } = told(all);
    expect(sections).toHaveLength(NOTICE_KINDS.length);
    expect(subject.length).toBeLessThanOrEqual(180);
    for (const { lines } of sections) expect(lines[0]?.text.length).toBeLessThan(5_500);
  });
});

describe('a form', () => {
  const many = told(
    Array.from({ length: 20 }, (_, index) => post('approval_waits', `<b>${index}</b> & more`)),
    new Map([['approval_waits', 50]]),
  );

  test('in plain text has each with its link, and how many more there are', () => {
    const text = plainText(many, 50_000);
    expect(text).toContain('50 approvals wait\n- “Bluesky: <b>0</b> & more” as brand.example');
    expect(text).toContain('\n  https://aol.example/actions/0193\n');
    expect(text).toContain('- and 30 others: https://aol.example/decisions');
  });

  test('in plain text fits where there is little room', () => {
    const text = plainText(many, 1_000);
    expect(text.length).toBeLessThanOrEqual(1_000);
    expect(text).toMatch(/- and 4\d others/u);
    expect(plainText(many, 60)).toBe('50 approvals wait: https://aol.example/decisions');
  });

  test('in HTML has no markup of what is told, and loads nothing', () => {
    const html = simpleHtml(many);
    expect(html).toContain('&lt;b&gt;0&lt;/b&gt; &amp; more');
    expect(html).not.toMatch(/<b>|<img|<script|<link|<style/u);
  });

  test('in JSON has a type, a time and data', () => {
    expect(webhookBody(told([facts('test')]), new Date(0))).toEqual({
      type: 'aol.notice',
      timestamp: '1970-01-01T00:00:00.000Z',
      data: {
        subject: 'AOL: a test: A test that somebody asked for. Notices arrive here.',
        sections: [
          {
            kind: 'test',
            title: 'a test',
            count: 1,
            link: 'https://aol.example/',
            lines: [{ text: 'A test that somebody asked for. Notices arrive here.', link: 'https://aol.example/' }],
          },
        ],
      },
    });
  });
});
