/** What notices say: short, and enough to know what waits, in whose name, and by when. Pure. */

import type { NoticeContent, NoticeLine, NoticeSection } from '../contracts/engine/notices.ts';
import { summaryOf } from '../contracts/payloads/summary.ts';
import { counted } from '../contracts/words.ts';
import type { GatheredNotices, NoticeFacts } from '../db/keep/notices.ts';
import { ALL_LANES } from '../domain/flags.ts';
import { NOTICE_KINDS, type NoticeKind } from '../domain/notices.ts';

/** So many of a kind are told one by one; of the others their number. */
export const MOST_OF_A_KIND = 20;
const MAX_SUBJECT_LENGTH = 180;
const MAX_SUMMARY_LENGTH = 160;
const MAX_REASON_LENGTH = 300;

export interface NoticeWords {
  /** Where people reach the dashboard, without a slash at the end. */
  readonly dashboard: string;
  /** In whose name a payload would speak; undefined where nobody's account does, or that is not known. */
  readonly speaker: (type: string, payload: Readonly<Record<string, unknown>>) => string | undefined;
  /** Takes credentials out of a text. */
  readonly scrub: (text: string) => string;
}

/** One message of all that was gathered. */
export function noticeContent({ counts, first }: GatheredNotices, words: NoticeWords): NoticeContent {
  const sections = NOTICE_KINDS.flatMap((kind): NoticeSection[] => {
    const count = counts.get(kind) ?? 0;
    if (count === 0) return [];
    const lines = first.filter((facts) => facts.kind === kind).map((facts) => lineOf(facts, words));
    return [{ kind, title: TITLES[kind](count), count, lines, link: `${words.dashboard}${PAGES[kind]}` }];
  });
  const [only] = sections;
  const alone = sections.length === 1 && only?.count === 1 ? only.lines[0]?.text : undefined;
  const titles = sections.map(({ title }) => title).join(', ');
  return {
    subject: shortened(`AOL: ${titles}${alone === undefined ? '' : `: ${alone}`}`, MAX_SUBJECT_LENGTH),
    sections,
  };
}

const TITLES: Readonly<Record<NoticeKind, (count: number) => string>> = {
  test: () => 'a test',
  lane_killed: (count) => (count === 1 ? 'killed' : `killed ${count} times`),
  lane_red: (count) => `${counted(count, 'lane stands', 'lanes stand')} still`,
  real_unlocked: () => 'REAL is unlocked',
  real_locked: () => 'REAL is locked again',
  unconfirmed: (count) => `${counted(count, 'effect is', 'effects are')} unconfirmed`,
  account_held: (count) => `${counted(count, 'account needs', 'accounts need')} somebody`,
  account_token: (count) => `${counted(count, 'token runs', 'tokens run')} out`,
  account_version: (count) => `${counted(count, 'version of a provider ends', 'versions of providers end')} soon`,
  account_budget: (count) => `${counted(count, 'budget is', 'budgets are')} used up`,
  autonomy_lowered: (count) => `${counted(count, 'type needs', 'types need')} approval again`,
  approval_expires: (count) => `${counted(count, 'approval runs', 'approvals run')} out soon`,
  approval_ran_out: (count) => `${counted(count, 'approval', 'approvals')} ran out`,
  approval_waits: (count) => `${counted(count, 'approval waits', 'approvals wait')}`,
  dead_letter: (count) => counted(count, 'dead letter'),
};

const PAGES: Readonly<Record<NoticeKind, string>> = {
  test: '/',
  lane_killed: '/',
  lane_red: '/',
  real_unlocked: '/settings',
  real_locked: '/settings',
  unconfirmed: '/decisions',
  account_held: '/accounts',
  account_token: '/accounts',
  account_version: '/accounts',
  account_budget: '/accounts',
  autonomy_lowered: '/settings',
  approval_expires: '/decisions',
  approval_ran_out: '/actions?status=CANCELLED',
  approval_waits: '/decisions',
  dead_letter: '/decisions',
};

function lineOf(facts: NoticeFacts, words: NoticeWords): NoticeLine {
  const { kind, action_id: actionId } = facts;
  const page = actionId === null ? PAGES[kind] : `/actions/${actionId}`;
  return { text: words.scrub(sentence(facts, words)), link: `${words.dashboard}${page}` };
}

function sentence(facts: NoticeFacts, words: NoticeWords): string {
  const { kind, lane, account, detail, at } = facts;
  const by = textIn(detail, 'actor');
  const reason = reasonIn(detail);
  const because = reason === undefined ? '' : `: ${reason}`;
  switch (kind) {
    case 'test':
      return `A test that ${by ?? 'somebody'} asked for. Notices arrive here.`;
    case 'lane_killed':
      return `${laneWords(lane)} killed by ${by ?? 'somebody'} at ${time(at)}${because}`;
    case 'lane_red':
      return `Lane ${lane}: nobody looks after it since ${timeIn(detail, 'since') ?? 'it was created'}, and work is due`;
    case 'real_unlocked': {
      const until = timeIn(detail, 'expiresAt');
      return `${laneWords(lane)}: unlocked by ${by ?? 'somebody'} at ${time(at)}${until ? `, until ${until}` : ''}${because}`;
    }
    case 'real_locked':
      return `${laneWords(lane)}: locked by ${by ?? 'somebody'} at ${time(at)}${because}`;
    case 'account_held': {
      const until = timeIn(detail, 'until');
      const state = textIn(detail, 'to') === 'needs_login' ? 'needs a log-in' : 'can do nothing now';
      const said = textIn(detail, 'message')?.replace(/^account [^:]*: [a-z_]+(?:: )?/u, '');
      return `Account ${account} ${state}${until ? ` until ${until}` : ''}${said ? `: ${shortened(said, MAX_REASON_LENGTH)}` : ''}`;
    }
    case 'account_token':
      return `The token of account ${account} runs out at ${timeIn(detail, 'expiresAt')}, and nobody renews it`;
    case 'account_version':
      return `${textIn(detail, 'provider')} ends version ${textIn(detail, 'version')}, which account ${account} uses, about ${textIn(detail, 'endsOn')}. Set a newer version, and check the account`;
    case 'account_budget':
      return `${counted(Number(detail.waiting ?? 1), 'action waits', 'actions wait')} for ${budgetWords(account)}${because}`;
    case 'autonomy_lowered':
      return `${textIn(detail, 'type')} in ${laneWords(lane, true)} needs approval again${because}`;
    case 'unconfirmed':
    case 'dead_letter':
      return `${actionWords(facts, words)}: ${shortened(facts.last_error ?? textIn(detail, 'message') ?? '', MAX_REASON_LENGTH)}`;
    case 'approval_ran_out':
      return `${actionWords(facts, words)}, asked for by ${facts.created_by ?? 'somebody'}: nobody approved it in its time. It is cancelled, and nothing was sent`;
    case 'approval_expires':
    case 'approval_waits':
      return `${actionWords(facts, words)}, asked for by ${facts.created_by ?? 'somebody'}${deadlines(facts)}`;
  }
}

/** What it does, in whose name, and where. */
function actionWords({ type, payload, lane, mode }: NoticeFacts, { speaker }: NoticeWords): string {
  if (type === null || payload === null) return `An action that is gone (lane ${lane})`;
  const who = speaker(type, payload);
  const proof = mode === 'PROOF' ? ', PROOF' : '';
  const summary = shortened(withoutQueries(summaryOf(type, payload)), MAX_SUMMARY_LENGTH);
  return `“${summary}”${who ? ` as ${who}` : ''} (lane ${lane}${proof})`;
}

function deadlines({ approval_expires_at: expiresAt, due_at: dueAt, at }: NoticeFacts): string {
  const planned = dueAt !== null && dueAt > at ? `, to go out at ${time(dueAt)}` : '';
  return `${planned}${expiresAt === null ? '' : `. Decide by ${time(expiresAt)}`}`;
}

function laneWords(lane: string | null, within = false): string {
  if (lane === null || lane === ALL_LANES) return within ? 'all lanes' : 'All lanes';
  return within ? `lane ${lane}` : `Lane ${lane}`;
}

/** What a webhook's address has behind its path is often a secret. */
function withoutQueries(text: string): string {
  return text.replaceAll(/(https?:\/\/[^\s?#]+)[?#]\S*/gu, '$1');
}

/** `2026-12-01 09:00 UTC`: whoever reads it may be anywhere. */
function time(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function timeIn(detail: NoticeFacts['detail'], name: string): string | undefined {
  const at = new Date(textIn(detail, name) ?? Number.NaN);
  return Number.isNaN(at.getTime()) ? undefined : time(at);
}

function textIn(detail: NoticeFacts['detail'], name: string): string | undefined {
  const value = detail[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function reasonIn(detail: NoticeFacts['detail']): string | undefined {
  const reason = textIn(detail, 'reason')?.replace(/^its account is on hold: /u, '');
  return reason === undefined ? undefined : shortened(reason, MAX_REASON_LENGTH);
}

/** One line of at most so many characters. */
function shortened(text: string, length: number): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  const characters = Array.from(line.toWellFormed());
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : characters.join('');
}

/** What holds is named as an account, or as a budget: `type:SEND_EMAIL`. */
function budgetWords(heldBy: string | null): string {
  return heldBy?.includes(':') ? `the budget of ${heldBy.replace(':', ' ')}` : `account ${heldBy}`;
}
