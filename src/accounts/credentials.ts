/**
 * Credentials that expire or rotate (EFFECTS 2.5): logged in and renewed only when that is needed, by one process at a time over all
 * workers, kept encrypted before they are used, and never thrown away.
 */

import type { Exchange } from '../adapters/exchange/index.ts';
import type { Credential, LogInAnswer } from '../adapters/provider.ts';
import { insist } from '../db/insist.ts';
import { type AccountRow, keepCredential, markRefused, readAccountRows } from '../db/keep/accounts.ts';
import type { Database } from '../db/pool.ts';
import { withAccountLock } from '../db/queue/lane-lock.ts';
import { AccountOnHoldError, ConfigurationError, errorText } from '../domain/errors.ts';
import { ATTEMPT_TIMEOUT_MS } from '../domain/limits.ts';
import type { ConfiguredAccount } from './entries.ts';
import type { Sealer } from './sealed.ts';

export interface CredentialPorts {
  readonly db: Database;
  readonly databaseUrl: string;
  readonly sealer: Sealer | undefined;
  readonly exchangeFor: (account: ConfiguredAccount) => Exchange;
}

/** A credential, and which one it is: 0 where it comes from the entry alone. */
export interface Issued {
  readonly credential: Credential;
  readonly version: number;
}

/** Renewed when no more than this is left, and the time of one attempt. */
const MARGIN_MS = 5 * 60_000 + ATTEMPT_TIMEOUT_MS;
/** A token that is refused so soon after it was renewed is not refused for its age. */
const RENEW_AGAIN_AFTER_MS = 10 * 60_000;
const RETRY_AFTER_MS = 30_000;
const LOCK_LIMIT_MS = 30_000;

export interface IssueOptions {
  /** The version that a provider has refused: the next one is wanted. */
  readonly refused?: number;
  /** A person asks: secrets that were refused before are tried again. */
  readonly byPerson?: boolean;
}

/**
 * @throws AccountOnHoldError when there is none now
 * @throws ConfigurationError when this process cannot have it: a secret or the key is missing; others may
 * @throws UnavailableError when the database is away
 */
export async function issueCredential(
  ports: CredentialPorts,
  account: ConfiguredAccount,
  { refused, byPerson = false }: IssueOptions = {},
): Promise<Issued> {
  const secrets = account.secrets();
  if (!account.provider.logIn) {
    if (refused === undefined) return { credential: secrets, version: 0 };
    throw needsLogin(account, 'its provider refuses what its entry holds');
  }
  const { sealer } = ports;
  if (!sealer)
    throw new ConfigurationError(
      'AOL_SECRETS_KEY',
      `AOL_SECRETS_KEY must be set: account ${account.name} logs in, and what that answers is kept encrypted`,
    );
  const entry = { ...secrets, identity: account.identity, server: account.server };
  const usable = async () => {
    const row = await readRow(ports.db, account);
    const isRefused = row.state === 'needs_login' && row.refused_of !== null && sealer.isOf(row.refused_of, entry);
    if (isRefused && refused === undefined && !byPerson) throw stillRefused(account, row);
    return { row, issued: keptCredential(account, sealer, row, { entry, refused }) };
  };
  const { issued } = await usable();
  if (issued) return issued;
  const signal = AbortSignal.timeout(LOCK_LIMIT_MS);
  return withAccountLock(ports.databaseUrl, account.key, signal, async () => {
    // Somebody may have done it meanwhile.
    const again = await usable();
    if (again.issued) return again.issued;
    const { row } = again;
    if (refused !== undefined) refuseToRenewAgain(account, row);
    return logIn(ports, sealer, { account, secrets, entry, row, usable });
  });
}

async function readRow(db: Database, account: ConfiguredAccount): Promise<AccountRow> {
  const [row] = await readAccountRows(db, [account.key]);
  if (row) return row;
  throw new AccountOnHoldError(`account ${account.name} is not known to the database yet`, {
    untilMs: Date.now() + 1_000,
  });
}

/** The stored one, while it is of the entry's present secrets, lives long enough, and was not refused. */
function keptCredential(
  account: ConfiguredAccount,
  sealer: Sealer,
  row: AccountRow,
  { entry, refused }: { readonly entry: Credential; readonly refused: number | undefined },
): Issued | undefined {
  const credential = openKept(account, sealer, row, entry);
  if (!credential || row.credential_version === refused) return undefined;
  if (row.token_expires_at) {
    const lifeMs = row.token_expires_at.getTime() - (row.refreshed_at ?? row.now).getTime();
    const leftMs = row.token_expires_at.getTime() - row.now.getTime();
    if (leftMs <= Math.min(MARGIN_MS, lifeMs / 2)) return undefined;
  }
  return { credential, version: row.credential_version };
}

/**
 * Undefined where none is kept, or the entry has other secrets now.
 *
 * @throws ConfigurationError when our keys do not open it: a token that was rotated cannot be had again from the entry, and to begin
 * anew would kill the account
 */
function openKept(
  account: ConfiguredAccount,
  sealer: Sealer,
  { name, credential, credential_of: mark }: AccountRow,
  entry: Credential,
): Credential | undefined {
  if (!credential || mark === null) return undefined;
  const isOfEntry = sealer.isOf(mark, entry);
  if (isOfEntry === false) return undefined;
  const opened = isOfEntry ? sealer.open(name, credential) : undefined;
  if (opened) return opened;
  throw new ConfigurationError(
    'AOL_SECRETS_KEY',
    `AOL_SECRETS_KEY is not the key that the token of account ${account.name} is kept with`,
  );
}

/** A token that is refused right after it was renewed is refused for another reason: time has to pass. */
function refuseToRenewAgain({ name }: ConfiguredAccount, { refreshed_at: refreshedAt, now }: AccountRow): void {
  if (refreshedAt === null) return;
  const untilMs = refreshedAt.getTime() + RENEW_AGAIN_AFTER_MS;
  if (untilMs <= now.getTime()) return;
  const message = `account ${name}: its token is refused, and was renewed at ${refreshedAt.toISOString()} only`;
  throw new AccountOnHoldError(message, { untilMs });
}

async function logIn(
  { db, exchangeFor }: CredentialPorts,
  sealer: Sealer,
  asked: {
    readonly account: ConfiguredAccount;
    readonly secrets: Credential;
    readonly entry: Credential;
    readonly row: AccountRow;
    readonly usable: () => Promise<{ readonly issued: Issued | undefined }>;
  },
): Promise<Issued> {
  const { account, secrets, entry, row } = asked;
  const mark = sealer.mark(entry);
  const last = openKept(account, sealer, row, entry);
  const answer = await askProvider(account, secrets, last, exchangeFor(account));
  if (answer.kind === 'logged_in') {
    const { credential, expiresAt = null } = answer;
    const kept = {
      credential: sealer.seal(row.name, credential),
      of: mark,
      expiresAt,
      afterVersion: row.credential_version,
    };
    // What rotates was used up by this answer. A writing whose own answer was lost is seen below.
    if (await insist(() => keepCredential(db, row.name, kept)))
      return { credential, version: row.credential_version + 1 };
  }
  // Refused, or overtaken: another process may have renewed it under another lock.
  const { issued } = await asked.usable();
  if (issued) return issued;
  if (answer.kind === 'needs_login') {
    await markRefused(db, row.name, mark);
    throw needsLogin(account, answer.reason);
  }
  const why = answer.kind === 'failed' ? answer.reason : 'somebody else logged in at the same time';
  const retryAfterMs = answer.kind === 'failed' ? answer.retryAfterMs : undefined;
  throw new AccountOnHoldError(`account ${account.name} could not log in: ${why}`, {
    untilMs: Date.now() + Math.max(1_000, retryAfterMs ?? RETRY_AFTER_MS),
  });
}

async function askProvider(
  account: ConfiguredAccount,
  secrets: Credential,
  last: Credential | undefined,
  exchange: Exchange,
): Promise<LogInAnswer> {
  const signal = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS);
  try {
    const asked = account.provider.logIn?.({ settings: account.settings, secrets, exchange, signal, last });
    return (await asked) ?? { kind: 'failed', reason: 'its provider has no log-in' };
  } catch (error) {
    return { kind: 'failed', reason: errorText(error, 300) };
  }
}

function stillRefused(account: ConfiguredAccount, { reason }: AccountRow): AccountOnHoldError {
  if (reason === null) return needsLogin(account, 'its provider refuses what its entry holds');
  return new AccountOnHoldError(reason, { needsLogin: true });
}

function needsLogin({ name }: ConfiguredAccount, why: string): AccountOnHoldError {
  return new AccountOnHoldError(`account ${name} needs a log-in: ${why}`, { needsLogin: true });
}
