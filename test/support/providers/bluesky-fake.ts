/** A fake of Bluesky's personal data server for quick tests, after what was measured at the real one (`startBluesky`). */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type BlueskyRecord, checkPost, cidOfFile, cidOfRecord, isTid, sniff } from './bluesky-record.ts';
import { type Call, Refusal, type Route, startFake, tokenOf } from './fake.ts';
import type { Answer, ProviderServer } from './server.ts';
import { type Clock, createClock, createLimit } from './time.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export interface BlueskyFake extends ProviderServer {
  readonly account: { readonly did: string; readonly handle: string; readonly appPassword: string };
  /** Somebody whose handle can be resolved. */
  readonly other: { readonly did: string; readonly handle: string };
  readonly clock: Clock;
  /** Newest first. */
  posts(): readonly {
    readonly rkey: string;
    readonly uri: string;
    readonly cid: string;
    readonly value: BlueskyRecord;
  }[];
  blob(cid: string): Buffer | undefined;
  remove(rkey: string): void;
  /** How often somebody logged in, and refreshed. */
  logins(): number;
  refreshes(): number;
  /** The app password and every token are dead. */
  revoke(): void;
  takeDown(): void;
}

export const blueskyAnswers = {
  error: (status: number, name: string, message: string): Answer => ({ status, body: { error: name, message } }),
  rateLimited: (resetAtMs = Date.now() + MINUTE_MS): Answer => ({
    ...error(429, 'RateLimitExceeded', 'Rate Limit Exceeded'),
    headers: { 'ratelimit-remaining': '0', 'ratelimit-reset': String(Math.ceil(resetAtMs / 1000)) },
  }),
};

const { error } = blueskyAnswers;
const putSchema = z.object({
  repo: z.string(),
  collection: z.literal('app.bsky.feed.post'),
  rkey: z.string(),
  record: z.looseObject({}),
  swapRecord: z.string().nullable().optional(),
});
const createSchema = putSchema.omit({ swapRecord: true }).extend({ rkey: z.string().optional() });
const loginSchema = z.object({ identifier: z.string(), password: z.string() });

/**
 * `imageLimitBytes`: 1,000,000 on a PDS 0.4, 2,000,000 on the live service since 2026. `givesDidDoc`: sessions carry the account's
 * document, and with it the server's address; a server of one's own leaves it out unless it is told to.
 */
export async function startBlueskyFake({ imageLimitBytes = 1_000_000, givesDidDoc = true } = {}): Promise<BlueskyFake> {
  const clock = createClock();
  const account = { did: 'did:plc:aolaolaolaolaolaolaolaol', handle: 'ops.test', appPassword: 'cana-ryca-nary-cana' };
  const other = { did: 'did:plc:otherotherotherotherothr', handle: 'other.test' };
  const records = new Map<string, { value: BlueskyRecord; cid: string }>();
  const blobs = new Map<string, Buffer>();
  const tokens = new Map<string, { kind: 'access' | 'refresh'; untilMs: number; next?: string }>();
  const [perFiveMinutes, perDay] = [createLimit(clock, 30, 5 * MINUTE_MS), createLimit(clock, 300, DAY_MS)];
  let [logins, refreshes, count, isRevoked, isDown] = [0, 0, 0, false, false];

  const issue = (kind: 'access' | 'refresh'): string => {
    count += 1;
    const token = `${kind}-canary-${createHash('sha256').update(`${account.did} ${count}`).digest('hex').slice(0, 16)}`;
    tokens.set(token, { kind, untilMs: clock.nowMs() + (kind === 'access' ? 120 * MINUTE_MS : 90 * DAY_MS) });
    return token;
  };
  const enter = (call: Call, kind: 'access' | 'refresh'): string => {
    const token = tokenOf(call);
    if (token === undefined) throw new Refusal(error(401, 'AuthMissing', 'Authentication Required'));
    const found = tokens.get(token);
    if (found?.kind !== kind) throw new Refusal(error(400, 'InvalidToken', 'Token could not be verified'));
    if (found.untilMs <= clock.nowMs()) throw new Refusal(error(400, 'ExpiredToken', 'Token has expired'));
    if (isDown) throw new Refusal(error(401, 'AccountTakedown', 'Account has been taken down'));
    return token;
  };
  const session = (refreshJwt: string, origin: string): Answer => {
    const service = [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: origin }];
    const { did, handle } = account;
    const didDoc = { id: did, alsoKnownAs: [`at://${handle}`], service };
    const pair = { accessJwt: issue('access'), refreshJwt };
    return { status: 200, body: { did, handle, ...(givesDidDoc ? { didDoc } : {}), ...pair, active: true } };
  };
  const uriOf = (rkey: string) => `at://${account.did}/app.bsky.feed.post/${rkey}`;
  const write = (rkey: string, record: BlueskyRecord): Answer => {
    if (!isTid(rkey)) throw new Refusal(error(400, 'InvalidRequest', 'Invalid record key'));
    const wrong = checkPost(record, { imageLimitBytes, blob: (cid) => blobs.get(cid) });
    if (wrong !== undefined) throw new Refusal(error(400, wrong.name, wrong.message));
    const cid = cidOfRecord(record);
    records.delete(rkey);
    records.set(rkey, { value: record, cid });
    const commit = { cid: cidOfRecord({ commit: count }), rev: rkey };
    return { status: 200, body: { uri: uriOf(rkey), cid, commit, validationStatus: 'valid' } };
  };
  const own = (repo: string) => {
    if (repo !== account.did && repo !== account.handle)
      throw new Refusal(error(403, 'AccountNotFound', 'Account not found'));
  };

  const routes: Record<string, Route> = {
    'com.atproto.server.createSession'(call) {
      const { identifier, password } = call.json(loginSchema);
      for (const limit of [perFiveMinutes, perDay]) {
        const taken = limit.take(identifier);
        if (!taken.allowed) return blueskyAnswers.rateLimited(taken.resetAtMs);
      }
      const isOurs = [account.handle, account.did].includes(identifier) && password === account.appPassword;
      if (!isOurs || isRevoked) return error(401, 'AuthenticationRequired', 'Invalid identifier or password');
      logins += 1;
      return session(issue('refresh'), call.url.origin);
    },
    'com.atproto.server.refreshSession'(call) {
      const found = tokens.get(enter(call, 'refresh'));
      refreshes += 1;
      if (found === undefined) return error(400, 'InvalidToken', 'Token could not be verified');
      // Two refreshes at once give the same next token, and the old one stays good for two hours.
      if (found.next === undefined) found.untilMs = Math.min(found.untilMs, clock.nowMs() + 120 * MINUTE_MS);
      found.next ??= issue('refresh');
      return session(found.next, call.url.origin);
    },
    'com.atproto.repo.putRecord'(call) {
      enter(call, 'access');
      const { repo, rkey, record, swapRecord } = call.json(putSchema);
      own(repo);
      const before = records.get(rkey);
      const cid = cidOfRecord(record);
      if (before?.cid === cid) return { status: 200, body: { uri: uriOf(rkey), cid, validationStatus: 'valid' } };
      const isSwapped = swapRecord !== undefined && swapRecord !== (before?.cid ?? null);
      return isSwapped ? error(400, 'InvalidSwap', `Record was at ${before?.cid ?? 'null'}`) : write(rkey, record);
    },
    'com.atproto.repo.createRecord'(call) {
      enter(call, 'access');
      const { repo, rkey = '3aaaaaaaaaaa2', record } = call.json(createSchema);
      own(repo);
      return records.has(rkey) ? error(500, 'InternalServerError', 'Internal Server Error') : write(rkey, record);
    },
    'com.atproto.repo.uploadBlob'(call) {
      enter(call, 'access');
      const bytes = call.request.body;
      const mimeType = sniff(bytes);
      if (mimeType === 'damaged') return error(500, 'InternalServerError', 'Internal Server Error');
      const cid = cidOfFile(bytes);
      blobs.set(cid, bytes);
      const declared = call.header('content-type') ?? 'application/octet-stream';
      const blob = { $type: 'blob', ref: { $link: cid }, mimeType: mimeType ?? declared, size: bytes.length };
      return { status: 200, body: { blob } };
    },
    'com.atproto.repo.getRecord'(call) {
      const rkey = call.url.searchParams.get('rkey') ?? '';
      const found = records.get(rkey);
      if (found === undefined) return error(400, 'RecordNotFound', `Could not locate record: ${uriOf(rkey)}`);
      return { status: 200, body: { uri: uriOf(rkey), cid: found.cid, value: found.value } };
    },
    'com.atproto.identity.resolveHandle'(call) {
      const handle = call.url.searchParams.get('handle');
      const found = [account, other].find((one) => one.handle === handle);
      return found
        ? { status: 200, body: { did: found.did } }
        : error(400, 'InvalidRequest', 'Unable to resolve handle');
    },
    'com.atproto.server.getSession'(call) {
      enter(call, 'access');
      return { status: 200, body: { did: account.did, handle: account.handle, active: true } };
    },
  };
  const isRead = (name: string) => /\.(?:get|resolve)[A-Z]/u.test(name);
  const server = await startFake({
    routes: Object.fromEntries(
      Object.entries(routes).map(([name, take]) => [`${isRead(name) ? 'GET' : 'POST'} /xrpc/${name}`, take]),
    ),
    missing: error(501, 'MethodNotImplemented', 'Method Not Implemented'),
    malformed: (reason) => error(400, 'InvalidRequest', reason),
  });
  return {
    ...server,
    account,
    other,
    clock,
    posts: () => [...records].reverse().map(([rkey, { value, cid }]) => ({ rkey, uri: uriOf(rkey), cid, value })),
    blob: (cid) => blobs.get(cid),
    remove: (rkey) => void records.delete(rkey),
    logins: () => logins,
    refreshes: () => refreshes,
    revoke() {
      isRevoked = true;
      tokens.clear();
    },
    takeDown: () => {
      isDown = true;
    },
  };
}
