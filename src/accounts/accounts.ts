/** Accounts of one process, as the engine and its adapters see them. */

import { createExchange, type Exchange } from '../adapters/exchange/index.ts';
import { createSsrfGuard, type ResolveHost } from '../adapters/exchange/ssrf-guard.ts';
import type { Blobs, EffectAccount, RenderAccount } from '../adapters/port.ts';
import type { Credential, Provider } from '../adapters/provider.ts';
import type { JsonObject } from '../contracts/http/json.ts';
import { type AccountRow, keepLimits, readAccountRows, setAccountState } from '../db/keep/accounts.ts';
import type { Database } from '../db/pool.ts';
import { AccountOnHoldError, errorText } from '../domain/errors.ts';
import { webhookHostKey } from '../domain/webhook-settings.ts';
import { type IssueOptions, issueCredential } from './credentials.ts';
import { accountKey, type ConfiguredAccount, missingVariables } from './entries.ts';
import { accountForRendering } from './for-rendering.ts';
import { holdOf, stateAfter } from './holds.ts';
import type { Accounts, OpenedAccount, SendingAccount } from './port.ts';
import type { Scrubber } from './scrubbing.ts';
import type { Sealer } from './sealed.ts';

export interface AccountPorts {
  readonly db: Database;
  readonly databaseUrl: string;
  readonly sealer: Sealer | undefined;
  readonly scrubber: Scrubber;
  /** Hosts and ports inside private ranges that effects of nobody's account may reach. */
  readonly allow: readonly string[];
  readonly readBlob: Blobs['read'];
  /** How this process appears in logs. */
  readonly worker: string;
  /** Something waited in these lanes, and is due now. */
  readonly wake: (lane: string) => void;
  readonly onTrouble: (part: string, error: unknown) => void;
  readonly variable: (name: string) => string | undefined;
  /** Absent: as the system does it. */
  readonly resolveHost?: ResolveHost | undefined;
}

/** What the process knows of its accounts besides what is configured. */
export interface AccountBook {
  readonly accounts: Accounts;
  exchangeOf(account: ConfiguredAccount): Exchange;
  /** Its credential now; it is scrubbed from then on. Throws AccountOnHoldError when there is none. */
  credential(account: ConfiguredAccount, options?: IssueOptions): ReturnType<typeof issueCredential>;
  setFacts(key: string, facts: JsonObject): void;
}

const LOOK_AGAIN_MS = 5_000;

export function createAccounts(
  configured: readonly ConfiguredAccount[],
  providers: readonly Provider[],
  ports: AccountPorts,
): AccountBook {
  const { db, scrubber } = ports;
  const byKey = new Map(configured.map((account) => [account.key, account]));
  const facts = new Map<string, JsonObject>();
  const exchanges = new Map<string, Exchange>();
  const plainExchange = createExchange(createSsrfGuard(ports.allow, ports.resolveHost), ports.readBlob);
  for (const account of configured) scrubber.learn(Object.values(account.secrets()));

  const exchangeOf = (account: ConfiguredAccount): Exchange => {
    const known = exchanges.get(account.key);
    if (known) return known;
    const guard = createSsrfGuard(ownHosts(account), ports.resolveHost);
    const made = createExchange(guard, ports.readBlob);
    exchanges.set(account.key, made);
    return made;
  };

  const credential: AccountBook['credential'] = async (account, options) => {
    const issued = await issueCredential({ ...ports, exchangeFor: exchangeOf }, account, options);
    scrubber.learn(Object.values(issued.credential));
    return issued;
  };

  const renderAccount = (account: ConfiguredAccount): RenderAccount => ({
    ...publicPart(account),
    settings: account.settings,
    facts: facts.get(account.key) ?? {},
  });

  const change = async (key: string, to: Parameters<typeof setAccountState>[3]): Promise<void> => {
    for (const lane of await setAccountState(db, key, ports.worker, to)) ports.wake(lane);
  };

  const hold = async (account: ConfiguredAccount, error: AccountOnHoldError): Promise<OpenedAccount> => {
    const reason = scrubber.scrub(error.message);
    const { untilMs, needsLogin } = error;
    if (needsLogin) await change(account.key, { state: 'needs_login', reason });
    else if (untilMs !== undefined) await change(account.key, { state: 'limited', reason, until: new Date(untilMs) });
    return { kind: 'on_hold', reason, ...(untilMs !== undefined && { untilMs }) };
  };

  const open = async (account: ConfiguredAccount): Promise<OpenedAccount> => {
    const [row] = await readAccountRows(db, [account.key]);
    if (row) facts.set(account.key, row.facts);
    const held = row && holdOf(row);
    // New secrets in the entry may be the log-in that it waits for.
    if (held && !(row.state === 'needs_login' && account.provider.logIn)) return held;
    try {
      let { credential: current, version } = await credential(account);
      if (row?.state === 'needs_login') await change(account.key, { state: 'ready' });
      const sending: SendingAccount = {
        ...renderAccount(account),
        async credential({ renew = false } = {}): Promise<Credential> {
          if (renew) ({ credential: current, version } = await credential(account, { refused: version }));
          return current;
        },
      };
      return { kind: 'ready', account: sending };
    } catch (error) {
      if (error instanceof AccountOnHoldError) return hold(account, error);
      throw error;
    }
  };

  const accounts: Accounts = {
    forRendering: (wanted) =>
      accountForRendering(
        configured.filter(({ provider }) => provider.name === wanted.provider).map(renderAccount),
        providers,
        wanted,
      ),

    async forSending(wanted) {
      try {
        const account = byKey.get(accountKey(wanted));
        if (account?.provider.name !== wanted.provider) return { kind: 'rejected', reason: notConfigured(wanted) };
        const { identity, server } = publicPart(account);
        if (identity === wanted.identity && server === wanted.server) return await open(account);
        const now = `${identity} at ${server}`;
        return {
          kind: 'rejected',
          reason: `account ${wanted.name} is ${now} now, and another one was proven: prove it again`,
        };
      } catch (error) {
        ports.onTrouble('forSending', error);
        return {
          kind: 'on_hold',
          reason: `account ${wanted.name} cannot be looked up: ${scrubber.scrub(errorText(error, 300))}`,
          // Of this process alone: another may have what it lacks.
          untilMs: Date.now() + LOOK_AGAIN_MS,
        };
      }
    },

    exchangeFor(wanted) {
      const account = wanted && byKey.get(accountKey(wanted));
      return account ? exchangeOf(account) : plainExchange;
    },

    scrub: scrubber.scrub,

    async keepLimits(wanted, limits) {
      await keepLimits(db, accountKey(wanted), limits).catch((error) => ports.onTrouble('learn', error));
    },
    async learn(wanted, outcome) {
      const key = accountKey(wanted);
      try {
        if (outcome.limits?.length) await keepLimits(db, key, outcome.limits);
        const to = stateAfter(outcome, Date.now());
        if (to?.state === 'ready' && !(await isUnproven(db, key))) return;
        if (to) await change(key, to);
      } catch (error) {
        ports.onTrouble('learn', error);
      }
    },
  };

  const notConfigured = ({ name, provider }: EffectAccount): string => {
    const known = providers.find((each) => each.name === provider);
    const missing = known ? missingVariables(known, ports) : [];
    const cure =
      missing.length > 0
        ? `set ${missing.join(', ')}, or name it in aol.accounts.yaml`
        : 'name it in aol.accounts.yaml';
    return `REAL is refused: the account ${name} of ${provider} is not configured: ${cure}`;
  };

  return { accounts, exchangeOf, credential, setFacts: (key, known) => facts.set(key, known) };
}

/** Only what is not known to work is said to work: one row is written, and not one for each effect. */
async function isUnproven(db: Database, key: string): Promise<boolean> {
  const [row] = await readAccountRows(db, [key]);
  return row !== undefined && isOver(row);
}

function isOver(row: AccountRow): boolean {
  return row.state === 'not_checked' || (row.state === 'limited' && holdOf(row) === undefined);
}

function publicPart({ name, provider, identity, server }: ConfiguredAccount): EffectAccount {
  return { name, provider: provider.name, identity, server };
}

const PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'smtp:': 587,
  'smtps:': 465,
  'imap:': 143,
  'imaps:': 993,
};

/** The hosts that an account names, wherever they are: its server, and each address of its entry or of the secrets behind it. */
function ownHosts(account: ConfiguredAccount): readonly string[] {
  const texts = [account.server, ...textsIn(account.settings), ...Object.values(account.secrets())];
  return texts.flatMap((text) => {
    const address = /^[a-z]+:\/\//u.test(text) ? text : `https://${text}`;
    if (!URL.canParse(address) || (text !== account.server && address !== text)) return [];
    const { hostname, port, protocol } = new URL(address);
    const number = Number(port || PORTS[protocol]);
    return hostname === '' || Number.isNaN(number) ? [] : [webhookHostKey(hostname, number)];
  });
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
