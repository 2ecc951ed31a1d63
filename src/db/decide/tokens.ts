/** `aol_api_tokens`: named bearer tokens, of which only the SHA-256 is kept. */

import { v7 as uuidv7 } from 'uuid';
import type { ApiToken } from '../../contracts/http/token.ts';
import { NameTakenError, NotFoundError, UnprocessableError } from '../../domain/errors.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import type { Role } from '../../domain/roles.ts';
import type { Scope } from '../../domain/scope.ts';
import { decodeCursor, encodeCursor } from '../look/cursor.ts';
import { appendLog } from '../look/logs.ts';
import { cappedTotal } from '../look/page.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';
import { listLanes } from './flags.ts';

interface TokenRow {
  id: string;
  name: string;
  role: Role;
  lanes: string[] | null;
  types: string[] | null;
  prefix: string;
  created_by: string;
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
  revoked_at: Date | null;
  revoked_by: string | null;
}

const COLUMNS =
  'id, name, role, lanes, types, prefix, created_by, created_at, expires_at, last_used_at, revoked_at, revoked_by';

function toToken(row: TokenRow): ApiToken {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    lanes: row.lanes,
    types: row.types,
    prefix: row.prefix,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    revokedBy: row.revoked_by,
  };
}

export interface NewToken {
  readonly name: string;
  readonly role: Role;
  readonly scope: Scope;
  readonly prefix: string;
  readonly sha256: Buffer;
  readonly expiresAt: Date | null;
}

/**
 * Keeps a token, and writes the audit row.
 *
 * @throws NameTakenError when a token of that name is not revoked
 * @throws UnprocessableError when it would be bound to a lane that does not exist
 */
export function createToken(db: Database, token: NewToken, actor: string): Promise<ApiToken> {
  return transaction(db, async (connection) => {
    const [lanes, types] = [distinct(token.scope.lanes), distinct(token.scope.types)];
    if (lanes !== null) await requireLanes(connection, lanes);
    const [row] = await query<TokenRow & Record<string, unknown>>(
      connection,
      `INSERT INTO aol_api_tokens (id, name, role, prefix, sha256, created_by, expires_at, lanes, types)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING RETURNING ${COLUMNS}`,
      [uuidv7(), token.name, token.role, token.prefix, token.sha256, actor, token.expiresAt, lanes, types],
    );
    if (!row) throw new NameTakenError(`there is a token named ${token.name}: revoke it first, or choose another name`);
    await appendLog(connection, {
      lane: ALL_LANES,
      event: 'TOKEN_CREATED',
      level: 'WARNING',
      actor,
      message: `token ${token.name} made, role ${token.role}${boundsWords({ lanes, types })}`,
      detail: { tokenId: row.id, name: row.name, role: row.role, lanes, types, expiresAt: row.expires_at },
    });
    return toToken(row);
  });
}

async function requireLanes(db: Queryable, lanes: readonly string[]): Promise<void> {
  const known = await listLanes(db);
  const unknown = lanes.find((lane) => !known.includes(lane));
  if (unknown === undefined) return;
  throw new UnprocessableError(`there is no lane ${unknown}`, [{ field: 'lanes', rule: 'must be lanes that exist' }]);
}

function distinct(names: readonly string[] | null): string[] | null {
  return names && [...new Set(names)].sort();
}

function boundsWords({ lanes, types }: Scope): string {
  return [...(lanes ? [`, lanes ${lanes.join(', ')}`] : []), ...(types ? [`, types ${types.join(', ')}`] : [])].join(
    '',
  );
}

/**
 * Ends a token at once, everywhere; again changes nothing.
 *
 * @throws NotFoundError
 */
export function revokeToken(db: Database, id: string, actor: string): Promise<void> {
  return transaction(db, async (connection) => {
    const [row] = await query<{ name: string }>(
      connection,
      `UPDATE aol_api_tokens SET revoked_at = clock_timestamp(), revoked_by = $2 WHERE id = $1 AND revoked_at IS NULL
       RETURNING name`,
      [id, actor],
    );
    if (!row) {
      const found = await query(connection, 'SELECT FROM aol_api_tokens WHERE id = $1', [id]);
      if (found.length === 0) throw new NotFoundError(`there is no token ${id}`);
      return;
    }
    await appendLog(connection, {
      lane: ALL_LANES,
      event: 'TOKEN_REVOKED',
      level: 'WARNING',
      actor,
      message: `token ${row.name} revoked`,
      detail: { tokenId: id, name: row.name },
    });
  });
}

export interface TokenPage {
  readonly items: ApiToken[];
  readonly nextCursor: string | null;
  readonly total: number;
  readonly totalIsExact: boolean;
}

/** Newest first, revoked ones too. */
export async function listTokens(
  db: Queryable,
  page: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<TokenPage> {
  const before =
    page.cursor === undefined ? null : decodeCursor(page.cursor, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const rows = await query<TokenRow & Record<string, unknown>>(
    db,
    `SELECT ${COLUMNS} FROM aol_api_tokens WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
    [before, page.limit + 1],
  );
  const [count] = await query<{ total: number }>(db, 'SELECT count(*) AS total FROM aol_api_tokens');
  const items = rows.slice(0, page.limit).map(toToken);
  const last = items.at(-1);
  return {
    items,
    nextCursor: rows.length > page.limit && last ? encodeCursor(last.id) : null,
    ...cappedTotal(count?.total ?? 0),
  };
}

export interface LiveToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly scope: Scope;
}

/** Of many tokens at once, by their SHA-256 or ids: those that are neither revoked nor past their time. Their use is noted, to the minute. */
export async function findLiveTokens(
  db: Queryable,
  by: { readonly sha256s: readonly Buffer[] } | { readonly ids: readonly string[] },
): Promise<readonly (LiveToken & { readonly sha256: Buffer })[]> {
  const [condition, values] =
    'ids' in by ? ['id = ANY ($1::uuid[])', by.ids] : ['sha256 = ANY ($1::bytea[])', by.sha256s];
  const rows = await query<TokenRow & { sha256: Buffer; noted: boolean } & Record<string, unknown>>(
    db,
    `SELECT id, name, role, lanes, types, sha256, last_used_at > clock_timestamp() - interval '1 minute' AS noted FROM aol_api_tokens
     WHERE ${condition} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())`,
    [[...values]],
  );
  const unnoted = rows.filter(({ noted }) => !noted).map(({ id }) => id);
  if (unnoted.length > 0) {
    await query(db, 'UPDATE aol_api_tokens SET last_used_at = clock_timestamp() WHERE id = ANY ($1::uuid[])', [
      unnoted,
    ]);
  }
  return rows.map(({ id, name, role, lanes, types, sha256 }) => ({ id, name, role, scope: { lanes, types }, sha256 }));
}
