/** What has to be there before anything is sent: each check says what it found, and what to do. */

import { statfs } from 'node:fs/promises';
import type { AolClient } from '../../client/client.ts';
import type { Config } from '../../config/index.ts';
import type { Status } from '../../contracts/http/status.ts';
import type { ApiToken } from '../../contracts/http/token.ts';
import { counted, duration } from '../../contracts/words.ts';
import { isPrivateWay } from '../../domain/addresses.ts';
import { errorText } from '../../domain/errors.ts';
import { verifyArchive } from '../backup/archive.ts';
import { readDescription } from '../backup/backup.ts';
import { type Check, failed, passed } from '../doctor/check.ts';

/** What the checks look at. */
export interface Candidate {
  readonly client: AolClient;
  readonly config: Config;
  readonly url: string;
  readonly version: string;
  readonly nowMs: number;
  /** The newest archive that `aol backup` has written. */
  readonly backup: string | undefined;
  /** The address of a Prometheus that has loaded AOL's alerts. */
  readonly prometheus: string | undefined;
}

/** A check, and the page that says more. */
export interface GoLiveCheck extends Check {
  readonly page: string;
}

const DAY_MS = 86_400_000;
const TOKEN_SOON_MS = 14 * DAY_MS;
const REHEARSAL_MS = 90 * DAY_MS;
const LEAST_FREE_BYTES = 2 * 1024 ** 3;
const PROMETHEUS_TIMEOUT_MS = 10_000;
const MOST_TOKENS = 200;
const DECIDERS: readonly string[] = ['approver', 'operator', 'admin'];

type Examine = (candidate: Candidate, status: Status) => Promise<Check> | Check;

const CHECKS: readonly (readonly [page: string, examine: Examine])[] = [
  ['docs/security.md#what-a-real-effect-needs', keys],
  ['docs/accounts.md', accounts],
  ['docs/security.md#what-a-real-effect-needs', approvals],
  ['docs/security.md#who-may-what', deciders],
  ['docs/accounts.md', budgets],
  ['docs/notices.md', notices],
  ['docs/how-to/back-up.md', backups],
  ['docs/observability.md#alerts', alerts],
  ['docs/how-to/deploy.md#tls-in-front', tls],
  ['docs/security.md#tokens', tokens],
  ['docs/operations.md#tables-grow', retention],
  ['docs/operations.md#tables-grow', disk],
  ['docs/upgrading.md', versions],
  ['docs/operations.md#stop-everything', rehearsal],
];

/** Changes nothing. A check that cannot be made is a check that failed. */
export async function examineForReal(candidate: Candidate): Promise<readonly GoLiveCheck[]> {
  const status = await candidate.client.status();
  return Promise.all(
    CHECKS.map(async ([page, examine]) => {
      try {
        return { ...(await examine(candidate, status)), page };
      } catch (error) {
        const name = examine.name;
        return { ...failed(name, errorText(error, 300), 'the token of an admin sees everything; try again'), page };
      }
    }),
  );
}

function keys(_: Candidate, { workers, lanes }: Status): Check {
  const name = 'keys';
  if (workers.count === 0) return failed(name, 'no worker is connected', 'start one with AOL_PROOF_MODE=0');
  if (workers.real < workers.count) {
    const detail = `${counted(workers.proof, 'worker')} of ${workers.count} started in PROOF`;
    return failed(name, detail, 'start every worker with AOL_PROOF_MODE=0');
  }
  const real = lanes.filter(({ mode }) => mode === 'REAL').map(({ lane }) => lane);
  if (real.length > 0) return passed(name, `the workers may send, and these lanes do: ${real.join(', ')}`);
  return failed(
    name,
    'the workers may send; every lane is PROOF',
    '`aol flags set proof_only false --lane LANE --for 8h`, last of all',
  );
}

async function accounts({ client, nowMs }: Candidate): Promise<Check> {
  const name = 'accounts';
  const { items } = await client.listAccounts();
  const bad = items.filter(({ state, configured }) => state !== 'ready' || !configured);
  if (bad.length > 0) {
    const detail = bad.map((one) => `${one.name}: ${one.reason ?? one.state}`).join('; ');
    return failed(name, detail, '`aol accounts check` tries a log-in that changes nothing, and says what is missing');
  }
  const dying = items.filter(({ tokenExpiresAt: at }) => at !== null && Date.parse(at) < nowMs + TOKEN_SOON_MS);
  if (dying.length > 0) {
    const detail = dying.map((one) => `${one.name}: its token runs out at ${one.tokenExpiresAt}`).join('; ');
    return failed(name, detail, 'log in anew, then `aol accounts check NAME`');
  }
  if (items.length === 0) return passed(name, 'none: only webhooks can be sent');
  return passed(name, `${counted(items.length, 'account')}, each checked`);
}

function approvals(_: Candidate, { lanes }: Status): Check {
  const name = 'approvals';
  const open = lanes.filter(({ flags }) => flags.approval_policy === 'none').map(({ lane }) => lane);
  if (open.length === 0) return passed(name, 'every lane asks a person');
  const cure = '`aol flags set approval_policy all --lane LANE`, or, if that is meant, `--accept approvals`';
  return failed(name, `these lanes send without asking a person: ${open.join(', ')}`, cure);
}

async function deciders({ client, nowMs }: Candidate, { lanes }: Status): Promise<Check> {
  const name = 'deciders';
  const [tokensAlive, { items: people }] = await Promise.all([
    aliveTokens(client, nowMs),
    client.listPeople({ limit: MOST_TOKENS }),
  ]);
  const mayDecide = [...tokensAlive, ...people.filter(({ disabledAt }) => disabledAt === null)];
  const who = mayDecide.filter(({ role }) => role !== null && DECIDERS.includes(role)).map((one) => one.name);
  const needed = Math.max(
    1,
    ...lanes.map(({ flags }) => Number(flags.approvals_needed ?? 1) + Number(flags.approver_must_differ === true)),
  );
  if (who.length >= needed) return passed(name, `${who.join(', ')}`);
  const detail = `${counted(who.length, 'named person', 'named people')} may approve, and ${needed} are needed`;
  return failed(name, detail, '`aol tokens create NAME --role approver` for each, or sign-in by OpenID Connect');
}

async function budgets({ client }: Candidate): Promise<Check> {
  const name = 'budgets';
  const [{ items: accounts }, { items: hosts }] = await Promise.all([
    client.listAccounts(),
    client.listBudgets({ scope: 'host' }),
  ]);
  const bounded = `${counted(accounts.length, 'account')}, each with a budget`;
  if (hosts.length > 0) return passed(name, `${bounded}; webhooks too`);
  const cure = "`aol budgets set 'host:*' --per-hour N`, or, if no webhook is ever sent, `--accept budgets`";
  return failed(name, `${bounded}; webhooks have none`, cure);
}

async function backups({ backup, nowMs }: Candidate): Promise<Check> {
  const name = 'backup';
  const cure = '`aol backup FILE` each day, and name the newest: `aol go-live --backup FILE`';
  if (backup === undefined) return failed(name, 'not known', cure);
  await verifyArchive(backup);
  const ageMs = nowMs - Date.parse((await readDescription(backup)).at);
  if (ageMs > DAY_MS) return failed(name, `${backup} is ${duration(ageMs)} old`, cure);
  return passed(name, `${backup} is whole and ${duration(ageMs)} old`);
}

async function alerts({ prometheus }: Candidate): Promise<Check> {
  const name = 'alerts';
  const cure = 'load ops/prometheus/alerts.yml, and name the server: `aol go-live --prometheus URL`';
  if (prometheus === undefined) return failed(name, 'not known', cure);
  let answer: string;
  try {
    const signal = AbortSignal.timeout(PROMETHEUS_TIMEOUT_MS);
    answer = await (await fetch(new URL('/api/v1/rules?type=alert', prometheus), { signal })).text();
  } catch (error) {
    return failed(name, `${prometheus} does not answer: ${errorText(error, 200)}`, cure);
  }
  const rules = new Set(answer.match(/"Aol[A-Z]\w+"/g));
  if (rules.size === 0) return failed(name, `${prometheus} has no rule of AOL`, cure);
  return passed(name, `${prometheus} has ${counted(rules.size, 'rule')} of AOL`);
}

function tls({ url, config }: Candidate): Check {
  const name = 'tls';
  const isOverTls = url.startsWith('https:') || config.publicUrl.startsWith('https:');
  if (isOverTls) return passed(name, url.startsWith('https:') ? url : config.publicUrl);
  const cure = 'put a proxy with TLS in front, and set AOL_API_TLS, AOL_API_PROXIES and AOL_PUBLIC_URL';
  const detail = isPrivateWay(url) ? `${url} is for this machine alone` : url;
  return failed(name, detail, `${cure}; if nobody else signs in: \`--accept tls\``);
}

async function tokens({ client, nowMs }: Candidate): Promise<Check> {
  const name = 'tokens';
  const alive = await aliveTokens(client, nowMs);
  const endless = alive.filter(({ expiresAt }) => expiresAt === null);
  const dying = alive.filter(({ expiresAt }) => expiresAt !== null && Date.parse(expiresAt) < nowMs + TOKEN_SOON_MS);
  const cure =
    '`aol tokens create` a new one with an end, put it where it is used, then `aol tokens revoke` the old one';
  if (endless.length > 0) return failed(name, `never end: ${endless.map((one) => one.name).join(', ')}`, cure);
  if (dying.length > 0) {
    return failed(name, `end within two weeks: ${dying.map((one) => one.name).join(', ')}`, cure);
  }
  return passed(name, `${counted(alive.length, 'named token')}, each with an end`);
}

async function aliveTokens(client: AolClient, nowMs: number): Promise<readonly ApiToken[]> {
  const { items } = await client.listTokens({ limit: MOST_TOKENS });
  return items.filter(
    ({ revokedAt, expiresAt }) => revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > nowMs),
  );
}

async function notices({ client }: Candidate): Promise<Check> {
  const name = 'notices';
  const { destinations } = await client.listNotices({ limit: 1 });
  if (destinations.length === 0) {
    return failed(name, 'no destination is set', 'set AOL_NOTICES of the workers: mailto:, slack: or https:');
  }
  const cure = '`aol notices test` sends one to each, and says what came of it';
  const failing = destinations.filter((one) => one.failing !== null);
  if (failing.length > 0) {
    return failed(name, failing.map((one) => `${one.destination}: ${one.failing?.error}`).join('; '), cure);
  }
  const untried = destinations.filter(({ lastSentAt }) => lastSentAt === null);
  if (untried.length > 0) {
    return failed(name, `nothing has arrived yet: ${untried.map((one) => one.destination).join(', ')}`, cure);
  }
  return passed(name, destinations.map((one) => `${one.destination} since ${one.lastSentAt}`).join('; '));
}

function retention({ config }: Candidate): Check {
  const { retentionMs } = config;
  if (retentionMs !== undefined) return passed('retention', `what has finished is kept for ${duration(retentionMs)}`);
  const cure = 'set AOL_RETENTION of the workers (and here), or prune by hand and `--accept retention`';
  return failed('retention', 'AOL_RETENTION is not set here: tables and artifacts grow for ever', cure);
}

async function disk({ config }: Candidate): Promise<Check> {
  const { bavail, blocks, bsize } = await statfs(config.dataDir);
  const freeBytes = bavail * bsize;
  const percent = Math.round((100 * bavail) / blocks);
  const detail = `${Math.round(freeBytes / 1024 ** 2).toLocaleString('en')} MiB free (${percent} %) at ${config.dataDir}`;
  if (freeBytes >= LEAST_FREE_BYTES && percent >= 10) return passed('disk', detail);
  return failed('disk', detail, 'make room: 2 GiB and a tenth of the disk at least');
}

function versions({ version }: Candidate, { version: there }: Status): Check {
  if (there === version) return passed('versions', `API and command line are ${version}`);
  return failed('versions', `the API is ${there}, this command line ${version}`, 'install the same version everywhere');
}

async function rehearsal({ client, nowMs }: Candidate): Promise<Check> {
  const name = 'rehearsal';
  const { items } = await client.listLogs({ event: ['FLAG_CHANGED'], q: 'killed = true', limit: 1 });
  const last = items[0];
  if (last && nowMs - Date.parse(last.at) < REHEARSAL_MS) return passed(name, `${last.actor} killed it at ${last.at}`);
  const detail = last ? `the last kill was at ${last.at}` : 'nobody has ever killed it';
  return failed(name, detail, 'rehearse it: `aol kill`, see that nothing is sent, `aol start`');
}
