/** Dead letters by their cause. */

import type { DlqGroup } from '../../contracts/http/bulk.ts';
import type { DlqReason } from '../../domain/states.ts';
import { listLanes } from '../decide/flags.ts';
import type { Queryable } from '../pool.ts';
import { listConfiguredAccounts } from './accounts.ts';
import { isLane } from './action-filter.ts';
import { type Part, run } from './page.ts';

/** So many dead letters are looked at, the newest; so many groups are told. */
const LOOKED_AT = 20_000;
const MAX_GROUPS = 200;

interface GroupRow {
  readonly lane: string;
  readonly type: string;
  readonly account: string | null;
  readonly provider: string | null;
  readonly dlq_reason: DlqReason;
  readonly cause: string;
  readonly count: number;
  readonly newest_at: Date;
  readonly sample_id: string;
  readonly looked: number;
}

/** The largest groups first. */
export async function groupDeadLetters(
  db: Queryable,
  asked: { readonly lanes: readonly string[] | undefined; readonly type: string | undefined },
): Promise<{ items: DlqGroup[]; isComplete: boolean }> {
  const lanes = asked.lanes ?? (await listLanes(db));
  const ofType: Part = (value) => (asked.type === undefined ? 'true' : `type = ${value(asked.type)}`);
  const [rows, accounts] = await Promise.all([
    run<GroupRow>(
      db,
      // Texts that are the same are read once: of thousands there are few.
      (value) => `WITH looked AS (
           SELECT lane, type, payload ->> 'account' AS account, aol_provider(type, payload) AS provider, dlq_reason, last_error, updated_at, id
           FROM aol_actions WHERE status = 'DLQ' AND ${isLane(lanes)(value)} AND ${ofType(value)}
           ORDER BY id DESC LIMIT ${LOOKED_AT + 1}),
         same AS (
           SELECT lane, type, account, provider, dlq_reason, aol_cause(last_error) AS cause, count(*) AS count,
             max(updated_at) AS newest_at, (array_agg(id ORDER BY updated_at DESC, id DESC))[1] AS sample_id
           FROM looked GROUP BY lane, type, account, provider, dlq_reason, last_error)
         SELECT lane, type, account, provider, dlq_reason, cause, sum(count)::integer AS count, max(newest_at) AS newest_at,
           (array_agg(sample_id ORDER BY newest_at DESC, sample_id DESC))[1] AS sample_id,
           (sum(sum(count)) OVER ())::integer AS looked
         FROM same GROUP BY lane, type, account, provider, dlq_reason, cause`,
    ),
    listConfiguredAccounts(db),
  ]);
  const groups = joined(rows.map((row) => ({ ...row, account: accountOf(row, accounts) })));
  const items = groups.sort((one, other) => other.count - one.count || other.newestAt.localeCompare(one.newestAt));
  return {
    items: items.slice(0, MAX_GROUPS),
    isComplete: (rows[0]?.looked ?? 0) <= LOOKED_AT && items.length <= MAX_GROUPS,
  };
}

/** By its key: `default` names another account for each provider, and no name means the only one. */
function accountOf(
  { account, provider }: Pick<GroupRow, 'account' | 'provider'>,
  accounts: readonly { readonly name: string; readonly provider: string }[],
): string | null {
  if (account !== null) return account === 'default' && provider !== null ? `${provider}.default` : account;
  const [only, ...more] = accounts.filter((one) => one.provider === provider);
  return only && more.length === 0 ? only.name : null;
}

/** Those that name an account and those that mean it are one group. */
function joined(rows: readonly GroupRow[]): DlqGroup[] {
  const groups = new Map<string, DlqGroup>();
  for (const row of rows) {
    const { lane, type, account, dlq_reason: dlqReason, cause } = row;
    const key = JSON.stringify([lane, type, account, dlqReason, cause]);
    const known = groups.get(key);
    const newestAt = row.newest_at.toISOString();
    const newest = known && known.newestAt >= newestAt ? known : { newestAt, sampleId: row.sample_id };
    groups.set(key, {
      lane,
      type,
      account,
      dlqReason,
      cause,
      count: row.count + (known?.count ?? 0),
      newestAt: newest.newestAt,
      sampleId: newest.sampleId,
    });
  }
  return [...groups.values()];
}
