/** `aol_people`: who signed in by OpenID Connect, under which name, and who is shut out. */

import { v7 as uuidv7 } from 'uuid';
import { NotFoundError } from '../../domain/errors.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { decodeCursor, encodeCursor } from '../look/cursor.ts';
import { appendLog } from '../look/logs.ts';
import { cappedTotal } from '../look/page.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';
import { endSessionsOf } from './sessions.ts';

/** Who comes from the issuer. */
export interface Arrival {
  readonly issuer: string;
  readonly subject: string;
  /** The name that a person gets who was never here: this one, or with `#2` and so on when somebody has it. */
  readonly name: string;
  /** Those of which `AOL_OIDC_ROLES` says something. */
  readonly groups: readonly string[];
}

export type Admission =
  | { readonly kind: 'admitted'; readonly id: string; readonly name: string }
  | { readonly kind: 'refused'; readonly why: 'disabled' | 'no_role'; readonly name: string };

/**
 * Takes the person's groups over from the issuer. Whoever has none any more is refused, and loses the sessions that are open;
 * of a stranger without any nothing is kept.
 */
export function admitPerson(db: Database, arrival: Arrival): Promise<Admission> {
  return transaction(db, async (connection): Promise<Admission> => {
    const { groups } = arrival;
    const known = await findPerson(connection, arrival);
    if (!known && groups.length === 0) return { kind: 'refused', why: 'no_role', name: arrival.name };
    const person = known ?? (await addPerson(connection, arrival));
    const { id, name } = person;
    if (person.disabled_at) return { kind: 'refused', why: 'disabled', name };
    await query(connection, 'UPDATE aol_people SET groups = $2 WHERE id = $1', [id, [...groups]]);
    if (groups.length === 0) {
      await endSessionsOf(connection, id);
      return { kind: 'refused', why: 'no_role', name };
    }
    await query(connection, 'UPDATE aol_people SET last_signed_in_at = clock_timestamp() WHERE id = $1', [id]);
    return { kind: 'admitted', id, name };
  });
}

interface KnownRow {
  id: string;
  name: string;
  disabled_at: Date | null;
}

async function findPerson(db: Queryable, { issuer, subject }: Arrival): Promise<KnownRow | undefined> {
  const [row] = await query<KnownRow & Record<string, unknown>>(
    db,
    'SELECT id, name, disabled_at FROM aol_people WHERE issuer = $1 AND subject = $2 FOR UPDATE',
    [issuer, subject],
  );
  return row;
}

async function addPerson(db: Queryable, arrival: Arrival): Promise<KnownRow> {
  const { issuer, subject, groups } = arrival;
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? arrival.name : `${arrival.name}#${number}`;
    const [row] = await query<KnownRow & Record<string, unknown>>(
      db,
      `INSERT INTO aol_people (id, issuer, subject, name, groups) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING RETURNING id, name, disabled_at`,
      [uuidv7(), issuer, subject, name, [...groups]],
    );
    if (row) return row;
    // Somebody has the name, or the same person came twice at once.
    const same = await findPerson(db, arrival);
    if (same) return same;
  }
}

export interface Person {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly createdAt: Date;
  readonly lastSignedInAt: Date;
  readonly disabledAt: Date | null;
  readonly disabledBy: string | null;
}

interface PersonRow extends KnownRow {
  issuer: string;
  subject: string;
  groups: string[];
  created_at: Date;
  last_signed_in_at: Date;
  disabled_by: string | null;
}

const COLUMNS = 'id, issuer, subject, name, groups, created_at, last_signed_in_at, disabled_at, disabled_by';

function toPerson(row: PersonRow): Person {
  return {
    id: row.id,
    issuer: row.issuer,
    subject: row.subject,
    name: row.name,
    groups: row.groups,
    createdAt: row.created_at,
    lastSignedInAt: row.last_signed_in_at,
    disabledAt: row.disabled_at,
    disabledBy: row.disabled_by,
  };
}

export interface PersonPage {
  readonly items: Person[];
  readonly nextCursor: string | null;
  readonly total: number;
  readonly totalIsExact: boolean;
}

/** Who came last for the first time, first. */
export async function listPeople(
  db: Queryable,
  page: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<PersonPage> {
  const before =
    page.cursor === undefined ? null : decodeCursor(page.cursor, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const rows = await query<PersonRow & Record<string, unknown>>(
    db,
    `SELECT ${COLUMNS} FROM aol_people WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
    [before, page.limit + 1],
  );
  const [count] = await query<{ total: number }>(db, 'SELECT count(*) AS total FROM aol_people');
  const items = rows.slice(0, page.limit).map(toPerson);
  const last = items.at(-1);
  return {
    items,
    nextCursor: rows.length > page.limit && last ? encodeCursor(last.id) : null,
    ...cappedTotal(count?.total ?? 0),
  };
}

/**
 * Shuts a person out, with all sessions that are open, or lets one in again, who then signs in anew. Again changes nothing.
 *
 * @throws NotFoundError
 */
export function setPersonDisabled(
  db: Database,
  change: { readonly id: string; readonly isDisabled: boolean; readonly reason: string | undefined },
  actor: string,
): Promise<Person> {
  const { id, isDisabled, reason } = change;
  return transaction(db, async (connection) => {
    const [changed] = await query<PersonRow & Record<string, unknown>>(
      connection,
      `UPDATE aol_people SET disabled_at = CASE WHEN $2 THEN clock_timestamp() END, disabled_by = CASE WHEN $2 THEN $3::text END
       WHERE id = $1 AND (disabled_at IS NOT NULL) <> $2 RETURNING ${COLUMNS}`,
      [id, isDisabled, actor],
    );
    if (!changed) return requirePerson(connection, id);
    if (isDisabled) await endSessionsOf(connection, id);
    await appendLog(connection, {
      lane: ALL_LANES,
      event: 'PERSON_CHANGED',
      level: 'WARNING',
      actor,
      message: `${changed.name} is ${isDisabled ? 'shut out' : 'let in again'}${reason ? `: ${reason}` : ''}`,
      detail: { personId: id, name: changed.name, isDisabled, reason: reason ?? null },
    });
    return toPerson(changed);
  });
}

async function requirePerson(db: Queryable, id: string): Promise<Person> {
  const [row] = await query<PersonRow & Record<string, unknown>>(
    db,
    `SELECT ${COLUMNS} FROM aol_people WHERE id = $1`,
    [id],
  );
  if (!row) throw new NotFoundError(`there is no person ${id}`);
  return toPerson(row);
}
