/** The activities of the workflow of notices. */

import type { Accounts } from '../accounts/port.ts';
import type { AdapterRegistry } from '../adapters/registry.ts';
import type { NoticeActivities } from '../contracts/engine/notices.ts';
import { insist } from '../db/insist.ts';
import {
  type ClaimedMessage,
  claimMessage,
  composeMessage,
  type Delivery,
  dueMessages,
  recordDelivery,
  ripeDestinations,
} from '../db/keep/notices.ts';
import type { Database } from '../db/pool.ts';
import type { NoticeDestination } from '../domain/notice-destinations.ts';
import type { NoticePace } from '../domain/notices.ts';
import { type AttemptOutcome, backoffMs } from '../domain/outcomes.ts';
import { whileBeating } from './beating.ts';
import { translating } from './errors.ts';
import { MOST_OF_A_KIND, type NoticeWords, noticeContent } from './notice-text.ts';
import type { SendNotice } from './send-notice.ts';

export interface NoticePorts {
  readonly db: Database;
  /** How this process appears in `pg_stat_activity`. */
  readonly worker: string;
  readonly destinations: readonly NoticeDestination[];
  readonly pace: NoticePace;
  readonly adapters: AdapterRegistry;
  readonly accounts: Pick<Accounts, 'forRendering' | 'scrub'>;
  /** Where people reach the dashboard, without a slash at the end. */
  readonly dashboard: string;
  readonly send: SendNotice;
  readonly observe: (destination: NoticeDestination['kind'] | 'unknown', outcome: AttemptOutcome['kind']) => void;
  readonly random: () => number;
}

const BACKOFF = { initialMs: 30_000, maximumMs: 15 * 60_000 };
const RECORD_LIMIT_MS = 30_000;

export function createNoticeActivities(ports: NoticePorts): NoticeActivities {
  const { db, pace, worker } = ports;
  const words: NoticeWords = {
    dashboard: ports.dashboard,
    speaker: (type, payload) => speakerOf(ports, type, payload),
    scrub: ports.accounts.scrub,
  };
  const compose = translating(async () => {
    for (const destination of await ripeDestinations(db, pace)) {
      await composeMessage(db, destination, pace, MOST_OF_A_KIND, (gathered) => noticeContent(gathered, words));
    }
    return dueMessages(db);
  });
  return {
    composeNotices: () => compose(undefined),
    deliverNotice: translating(({ messageId }) =>
      whileBeating(async (stopped) => {
        const message = await claimMessage(db, messageId, worker);
        if (!message) return 'gone';
        const outcome = await attempt(ports, message, stopped);
        await record(db, message, deliveryOf(outcome, message, ports.random()));
        return outcome.kind === 'done' ? 'sent' : 'failed';
      }),
    ),
  };
}

/** The public name of the account that would speak. What is wrong with the payload's account is told elsewhere. */
function speakerOf(
  { adapters, accounts }: NoticePorts,
  type: string,
  payload: Readonly<Record<string, unknown>>,
): string | undefined {
  try {
    const wanted = adapters.get(type).account(payload);
    return wanted && accounts.forRendering(wanted).identity;
  } catch {
    return typeof payload.account === 'string' ? payload.account : undefined;
  }
}

async function attempt(ports: NoticePorts, message: ClaimedMessage, stopped: AbortSignal): Promise<AttemptOutcome> {
  const to = ports.destinations.find(({ name }) => name === message.destination);
  const outcome: AttemptOutcome = to
    ? await ports.send(to, message, stopped)
    : { kind: 'not_sent', reason: 'this worker has another AOL_NOTICES: give all workers the same' };
  ports.observe(to?.kind ?? 'unknown', outcome.kind);
  return outcome;
}

function deliveryOf(
  outcome: AttemptOutcome,
  { attempt: number, may_have_arrived }: ClaimedMessage,
  random: number,
): Delivery {
  if (outcome.kind === 'done') return { kind: 'sent' };
  const retryAfterMs = outcome.kind === 'not_sent' ? outcome.retryAfterMs : undefined;
  const delayMs = backoffMs(number, random, retryAfterMs, BACKOFF);
  // What a later attempt says of itself says nothing of one before.
  const mayHaveArrived = outcome.kind === 'unknown' || may_have_arrived;
  return { kind: 'failed', reason: outcome.reason, mayHaveArrived, delayMs };
}

/** What is known of a message stands nowhere else: a database that is away for a moment must not make it go twice. */
function record(db: Database, message: ClaimedMessage, delivery: Delivery): Promise<void> {
  return insist(() => recordDelivery(db, message, delivery), RECORD_LIMIT_MS);
}
