/** `aol_sessions`: who is signed in to the dashboard, of whose cookie only the SHA-256 is kept. */

import { v7 as uuidv7 } from 'uuid';
import { NotFoundError } from '../../domain/errors.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import type { Role } from '../../domain/roles.ts';
import { decodeCursor, encodeCursor } from '../look/cursor.ts';
import { appendLog } from '../look/logs.ts';
import { cappedTotal } from '../look/page.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';

/** Who began a session: a token of the table, one of the environment by its SHA-256, or a person. */
export type SessionOwner =
  | { readonly tokenId: string }
  | { readonly environmentSha256: Buffer }
  | { readonly personId: string };

/** A person, as far as a session needs it. */
export interface PersonOfSession {
  readonly name: string;
  readonly issuer: string;
  readonly groups: readonly string[];
}

export interface LiveSession {
  readonly id: string;
  readonly sha256: Buffer;
  readonly owner: SessionOwner;
  /** Where a person began it. */
  readonly person: PersonOfSession | null;
}

export interface NewSession {
  readonly sha256: Buffer;
  readonly owner: SessionOwner;
  readonly lastsMs: number;
  readonly address: string;
  readonly browser: string | null;
}

/** Keeps a new session, and forgets those whose time was over a day ago. */
export async function createSession(db: Queryable, session: NewSession): Promise<void> {
  const { sha256, owner, lastsMs, address, browser } = session;
  await query(db, "DELETE FROM aol_sessions WHERE expires_at < now() - interval '1 day'");
  await query(
    db,
    `INSERT INTO aol_sessions (id, sha256, token_id, environment_sha256, person_id, address, browser, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, left($7, 300), now() + $8::float8 * interval '1 millisecond')`,
    [uuidv7(), sha256, ...columnsOf(owner), address, browser, lastsMs],
  );
}

function columnsOf(owner: SessionOwner): (string | Buffer | null)[] {
  return [
    'tokenId' in owner ? owner.tokenId : null,
    'environmentSha256' in owner ? owner.environmentSha256 : null,
    'personId' in owner ? owner.personId : null,
  ];
}

interface OwnerRow {
  id: string;
  sha256: Buffer;
  token_id: string | null;
  environment_sha256: Buffer | null;
  person_id: string | null;
  person_name: string | null;
  issuer: string | null;
  groups: string[] | null;
}

const OWNER_COLUMNS =
  's.id, s.sha256, s.token_id, s.environment_sha256, s.person_id, p.name AS person_name, p.issuer, p.groups';
/** Neither ended, too old, idle for too long, nor of a person who is shut out. */
const LIVE = (idleMs: string) => `s.ended_at IS NULL AND s.expires_at > clock_timestamp() AND p.disabled_at IS NULL
  AND s.last_used_at > clock_timestamp() - ${idleMs}::float8 * interval '1 millisecond'`;

/** Of many SHA-256 at once: those whose session lives. Their use is noted, to the minute. */
export async function findLiveSessions(
  db: Queryable,
  sha256s: readonly Buffer[],
  idleMs: number,
): Promise<LiveSession[]> {
  const rows = await query<OwnerRow & { noted: boolean } & Record<string, unknown>>(
    db,
    `SELECT ${OWNER_COLUMNS}, s.last_used_at > clock_timestamp() - interval '1 minute' AS noted
     FROM aol_sessions s LEFT JOIN aol_people p ON p.id = s.person_id
     WHERE s.sha256 = ANY ($1::bytea[]) AND ${LIVE('$2')}`,
    [[...sha256s], idleMs],
  );
  const unnoted = rows.filter(({ noted }) => !noted).map(({ id }) => id);
  if (unnoted.length > 0) {
    await query(db, 'UPDATE aol_sessions SET last_used_at = clock_timestamp() WHERE id = ANY ($1::uuid[])', [unnoted]);
  }
  return rows.flatMap((row) => {
    const owner = ownerOf(row);
    return owner ? [{ id: row.id, sha256: row.sha256, owner, person: personOf(row) }] : [];
  });
}

function ownerOf(row: OwnerRow): SessionOwner | undefined {
  if (row.token_id !== null) return { tokenId: row.token_id };
  if (row.person_id !== null) return { personId: row.person_id };
  return row.environment_sha256 ? { environmentSha256: row.environment_sha256 } : undefined;
}

function personOf({ person_name: name, issuer, groups }: OwnerRow): PersonOfSession | null {
  return name !== null && issuer !== null && groups !== null ? { name, issuer, groups } : null;
}

export interface ListedSession extends Omit<LiveSession, 'sha256'> {
  /** Where a token of the table began it. */
  readonly token: { readonly name: string; readonly role: Role } | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly address: string | null;
  readonly browser: string | null;
}

export interface SessionPage {
  readonly items: ListedSession[];
  readonly nextCursor: string | null;
  readonly total: number;
  readonly totalIsExact: boolean;
}

interface ListedRow extends OwnerRow {
  token_name: string | null;
  token_role: Role | null;
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
  address: string | null;
  browser: string | null;
  total: number;
}

export interface SessionFilter {
  /** Whose; null is everybody's. */
  readonly owner: SessionOwner | null;
  /** Of tokens of the environment, those that are in force. */
  readonly environmentSha256s: readonly Buffer[];
  readonly idleMs: number;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Those that live, the newest first. */
export async function listSessions(db: Queryable, filter: SessionFilter): Promise<SessionPage> {
  const { owner, environmentSha256s, idleMs, cursor, limit } = filter;
  const before = cursor === undefined ? null : decodeCursor(cursor, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const rows = await query<ListedRow & Record<string, unknown>>(
    db,
    `WITH live AS (
       SELECT ${OWNER_COLUMNS}, t.name AS token_name, t.role AS token_role, s.created_at, s.last_used_at, s.expires_at, s.address, s.browser
       FROM aol_sessions s LEFT JOIN aol_people p ON p.id = s.person_id LEFT JOIN aol_api_tokens t ON t.id = s.token_id
       WHERE ${LIVE('$1')} AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp())
         AND (s.environment_sha256 IS NULL OR s.environment_sha256 = ANY ($2::bytea[]))
         AND ($3 OR s.token_id = $4 OR s.environment_sha256 = $5 OR s.person_id = $6))
     SELECT *, (SELECT count(*) FROM live) AS total FROM live WHERE $7::uuid IS NULL OR id < $7 ORDER BY id DESC LIMIT $8`,
    [
      idleMs,
      [...environmentSha256s],
      owner === null,
      ...(owner ? columnsOf(owner) : [null, null, null]),
      before,
      limit + 1,
    ],
  );
  const items = rows.slice(0, limit).flatMap(toListed);
  const last = rows[limit - 1];
  return {
    items,
    nextCursor: rows.length > limit && last ? encodeCursor(last.id) : null,
    ...cappedTotal(rows[0]?.total ?? 0),
  };
}

function toListed(row: ListedRow): ListedSession[] {
  const owner = ownerOf(row);
  if (!owner) return [];
  const { id, token_name: name, token_role: role, address, browser } = row;
  return [
    {
      id,
      owner,
      person: personOf(row),
      token: name !== null && role !== null ? { name, role } : null,
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
      expiresAt: row.expires_at,
      address,
      browser,
    },
  ];
}

/** Ends the session of a cookie at once, everywhere; again, or one that is not there, changes nothing. */
export function signOut(db: Database, sha256: Buffer, actor: string): Promise<void> {
  return transaction(db, async (connection) => {
    const [ended] = await query<{ id: string }>(
      connection,
      'UPDATE aol_sessions SET ended_at = clock_timestamp() WHERE sha256 = $1 AND ended_at IS NULL RETURNING id',
      [sha256],
    );
    if (ended) await appendEnd(connection, actor, ended.id);
  });
}

/**
 * Ends a session at once, everywhere; again changes nothing.
 *
 * @param owner whose it has to be; null is anybody's
 * @throws NotFoundError
 */
export function endSession(db: Database, id: string, owner: SessionOwner | null, actor: string): Promise<void> {
  return transaction(db, async (connection) => {
    const [row] = await query<{ was_live: boolean }>(
      connection,
      `UPDATE aol_sessions s SET ended_at = coalesce(s.ended_at, clock_timestamp()) FROM aol_sessions before
       WHERE s.id = $1 AND before.id = s.id AND ($2 OR s.token_id = $3 OR s.environment_sha256 = $4 OR s.person_id = $5)
       RETURNING before.ended_at IS NULL AS was_live`,
      [id, owner === null, ...(owner ? columnsOf(owner) : [null, null, null])],
    );
    if (!row) throw new NotFoundError(`there is no session ${id}`);
    if (row.was_live) await appendEnd(connection, actor, id);
  });
}

/** Ends all sessions of a person. Part of the caller's transaction. */
export async function endSessionsOf(connection: Queryable, personId: string): Promise<void> {
  await query(
    connection,
    'UPDATE aol_sessions SET ended_at = clock_timestamp() WHERE person_id = $1 AND ended_at IS NULL',
    [personId],
  );
}

function appendEnd(db: Queryable, actor: string, sessionId: string): Promise<void> {
  const message = `session ${sessionId} ended`;
  return appendLog(db, { lane: ALL_LANES, event: 'SESSION_ENDED', actor, message, detail: { sessionId } });
}
