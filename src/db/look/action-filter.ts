/** Which actions: the conditions that lists and decisions about many share. */

import { z } from 'zod';
import type { ActionListQuery } from '../../contracts/http/action.ts';
import { searchWords } from '../../contracts/http/primitives.ts';
import { type Queryable, query } from '../pool.ts';
import { holds, jsonHolds, type Part } from './page.ts';

export type ActionConditions = Partial<
  Pick<
    ActionListQuery,
    'type' | 'mode' | 'account' | 'createdBy' | 'q' | 'dueFrom' | 'dueTo' | 'createdFrom' | 'createdTo'
  >
>;

/**
 * What must hold besides lane and status. Ids are looked up by their index, so an id as `q` is no condition here.
 *
 * @param due what the statement calls the time at which an action is due
 */
export async function conditionsOf(
  db: Queryable,
  filter: ActionConditions,
  due = 'greatest(run_at, due_at)',
): Promise<Part[]> {
  const { account, q } = filter;
  return [
    ...equal('type', filter.type),
    ...equal('mode', filter.mode),
    ...equal('created_by', filter.createdBy),
    ...between(due, filter.dueFrom, filter.dueTo),
    ...between('created_at', filter.createdFrom, filter.createdTo),
    ...(account === undefined ? [] : [await speaksAs(db, account)]),
    ...(q === undefined || isId(q) ? [] : searchWords(q).map(saysWord)),
  ];
}

export function isId(text: string): boolean {
  return z.uuid().safeParse(text).success;
}

export const isLane =
  (lanes: readonly string[]): Part =>
  (value) =>
    `lane = ANY (${value(lanes)}::text[])`;

export const isStatus =
  (statuses: readonly string[]): Part =>
  (value) =>
    `status = ANY (${value(statuses)}::text[])`;

function equal(column: string, wanted: string | undefined): Part[] {
  return wanted === undefined ? [] : [(value) => `${column} = ${value(wanted)}`];
}

/** From the first moment on, and before the last. */
export function between(column: string, from: string | undefined, to: string | undefined): Part[] {
  return [
    ...(from === undefined ? [] : [(value: (given: unknown) => string) => `${column} >= ${value(from)}::timestamptz`]),
    ...(to === undefined ? [] : [(value: (given: unknown) => string) => `${column} < ${value(to)}::timestamptz`]),
  ];
}

function saysWord(word: string): Part {
  const parts: Part[] = [
    (value) => `starts_with(idempotency_key, ${value(word)})`,
    jsonHolds('payload', word),
    holds('last_error', word),
  ];
  return (value) => parts.map((part) => part(value)).join(' OR ');
}

const DEFAULT = '.default';

/**
 * Whether a payload's account is this one: it names it; or it names none, and its provider has this one only.
 *
 * @param account its key: a name, or `bluesky.default`
 */
export async function speaksAs(db: Queryable, account: string): Promise<Part> {
  const named = account.endsWith(DEFAULT) ? 'default' : account;
  const [row] = await query<{ provider: string; is_only: boolean }>(
    db,
    `SELECT a.provider, a.is_configured AND NOT EXISTS (
         SELECT FROM aol_accounts o WHERE o.provider = a.provider AND o.is_configured AND o.name <> a.name) AS is_only
     FROM aol_accounts a WHERE a.name = $1`,
    [account],
  );
  const provider = row?.provider ?? (named === 'default' ? account.slice(0, -DEFAULT.length) : undefined);
  const ofProvider: Part = (value) => `aol_provider(type, payload) = ${value(provider)}`;
  const isNamed: Part = (value) =>
    `payload ->> 'account' = ${value(named)}${named === 'default' ? ` AND ${ofProvider(value)}` : ''}`;
  if (!row?.is_only) return isNamed;
  return (value) => `(${isNamed(value)}) OR (payload ->> 'account' IS NULL AND ${ofProvider(value)})`;
}

/** An id of a UUIDv7 that is not greater than those of this moment: ids begin with their time. */
export function firstIdOf(time: Date): string {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
