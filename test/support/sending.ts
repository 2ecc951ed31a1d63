/** Sends through an adapter as the engine does: the stored bytes, an account with its secrets, the real way out. */

import { createExchange } from '../../src/adapters/exchange/index.ts';
import { createSsrfGuard } from '../../src/adapters/exchange/ssrf-guard.ts';
import { type AnyAdapter, type RegisteredAdapter, registerAdapter, renderArtifact } from '../../src/adapters/index.ts';
import type {
  Blobs,
  Effect,
  PerformContext,
  PreparationOutcome,
  RenderAccount,
  Step,
} from '../../src/adapters/port.ts';
import type { AccountCheck, Credential, LogInAnswer, Provider } from '../../src/adapters/provider.ts';
import type { JsonObject, JsonValue } from '../../src/contracts/http/json.ts';
import type { AttemptOutcome, Reconciled } from '../../src/domain/outcomes.ts';
import { memoryBlobs, performContext, SAMPLE_CONTEXT } from './contexts.ts';

export interface Sending {
  readonly settings: JsonObject;
  readonly secrets: Credential;
  readonly facts?: JsonObject;
  readonly blobs?: Blobs;
}

export interface Sender {
  readonly blobs: Blobs;
  readonly account: RenderAccount;
  prove(payload: unknown): Promise<Effect>;
  perform(effect: Effect, more?: Partial<PerformContext>): Promise<AttemptOutcome>;
  /** Proves and performs. */
  send(payload: unknown, more?: Partial<PerformContext>): Promise<AttemptOutcome>;
  /** @param elsewhere what else of this machine may be reached */
  prepare(
    step: Step,
    effect: Effect,
    before?: JsonValue,
    results?: Readonly<Record<string, JsonValue>>,
    elsewhere?: readonly string[],
  ): Promise<PreparationOutcome>;
  /** Does all preparations, asks at once where one is not ready yet; answers their results. */
  prepareAll(effect: Effect): Promise<Readonly<Record<string, JsonValue>>>;
  reconcile(effect: Effect, more?: Partial<PerformContext>): Promise<Reconciled>;
  check(): Promise<AccountCheck>;
  logIn(last?: Credential): Promise<LogInAnswer>;
  /** How often a credential was asked for that is not the one that was refused. */
  renewals(): number;
}

/** @param allow hosts and ports of this machine that the account's server and files are at */
export function sender(adapter: AnyAdapter, providerName: string, sending: Sending, allow: readonly string[]): Sender {
  const registered = registerAdapter(adapter);
  const provider = providerOf(registered, providerName);
  const blobs = sending.blobs ?? memoryBlobs();
  const settings = provider.settings.parse(sending.settings);
  const account: RenderAccount = {
    name: 'ops',
    provider: providerName,
    ...provider.identify(settings),
    settings,
    facts: sending.facts ?? {},
  };
  let renewals = 0;
  const credential: NonNullable<PerformContext['account']>['credential'] = async ({ renew = false } = {}) => {
    if (renew) renewals += 1;
    return sending.secrets;
  };
  const contextWith = (more: Partial<PerformContext>) =>
    performContext({ allow, blobs, account: { ...account, credential }, ...more });
  const prove = async (payload: unknown) =>
    (await renderArtifact(registered, payload, { ...SAMPLE_CONTEXT, account, blobs })).effect;
  const perform: Sender['perform'] = async (effect, more = {}) => {
    if (!registered.perform) throw new Error('this adapter performs nothing');
    return registered.perform(effect, contextWith(more));
  };
  const prepare: Sender['prepare'] = async (step, effect, before, results = {}, elsewhere = []) => {
    if (!registered.prepare) throw new Error('this adapter prepares nothing');
    const exchange = createExchange(createSsrfGuard([...allow, ...elsewhere]), blobs.read);
    return registered.prepare(step, effect, contextWith({ results, exchange }), before);
  };
  const outside = () => ({
    settings,
    secrets: sending.secrets,
    exchange: createExchange(createSsrfGuard(allow), blobs.read),
    signal: AbortSignal.timeout(10_000),
  });
  return {
    blobs,
    account,
    prove,
    perform,
    send: async (payload, more) => perform(await prove(payload), more),
    prepare,
    async prepareAll(effect) {
      const results: Record<string, JsonValue> = {};
      for (const step of effect.preparations) {
        let outcome = await prepare(step, effect, undefined, results);
        while (outcome.kind === 'not_yet') outcome = await prepare(step, effect, outcome.result, results);
        if (outcome.kind !== 'ready') throw new Error(`${step.name}: ${JSON.stringify(outcome)}`);
        results[step.name] = outcome.result;
      }
      return results;
    },
    async reconcile(effect, more = {}) {
      if (!registered.reconcile) throw new Error('this adapter cannot ask');
      return registered.reconcile(effect, contextWith(more));
    },
    check: () => provider.check({ ...outside(), credential: sending.secrets }),
    async logIn(last) {
      if (!provider.logIn) throw new Error('this provider has no log-in');
      return provider.logIn({ ...outside(), last });
    },
    renewals: () => renewals,
  };
}

function providerOf(adapter: RegisteredAdapter, name: string): Provider {
  const provider = adapter.providers.find((each) => each.name === name);
  if (!provider) throw new Error(`there is no provider ${name}`);
  return provider;
}

/** An attempt that began so long ago. */
export function begunAgo(milliseconds: number): { readonly firstAttemptAt: Date } {
  return { firstAttemptAt: new Date(Date.now() - milliseconds) };
}

/** The body of a stored effect as its bytes are. */
export function storedBody({ request }: Effect): JsonValue | undefined {
  return request.protocol === 'http' && request.body.kind === 'json' ? request.body.value : undefined;
}
