/**
 * What every adapter has to pass, ours and others': `aol/testing`. Each check is a name and a function that throws; any test runner
 * runs them. Nothing here opens a connection: the way out is played.
 */

import { AssertionError, deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Exchange } from '../adapters/exchange/index.ts';
import { memoryBlobs } from '../adapters/memory-blobs.ts';
import type { Blobs, Effect, HttpRequest, PerformContext, RenderAccount, RenderContext } from '../adapters/port.ts';
import type { Credential } from '../adapters/provider.ts';
import { type AnyAdapter, type RegisteredAdapter, registerAdapter } from '../adapters/registry.ts';
import { renderArtifact } from '../adapters/render.ts';
import { AolError } from '../domain/errors.ts';
import { canonicalJson } from '../domain/hashing.ts';
import type { AttemptOutcome } from '../domain/outcomes.ts';
import { atAnotherHour } from './another-hour.ts';
import { HOSTILE_PAYLOADS } from './hostile.ts';
import { type Played, playedExchange } from './played-exchange.ts';

export { memoryBlobs } from '../adapters/memory-blobs.ts';
export { type Played, type PlayedAnswer, playedExchange } from './played-exchange.ts';

export interface AdapterSamples {
  /** Payloads that pass, by name: one for each thing that the adapter can do. Its contract's example is tried besides. */
  readonly samples?: Readonly<Record<string, unknown>>;
  /** Files that payloads name; absent: there are none. */
  readonly blobs?: Blobs;
  /** An account's entry as `aol.accounts.yaml` holds it, where the adapter needs one. */
  readonly settings?: unknown;
  /** The credential that sending would be given. Each value has to be long enough to be looked for. */
  readonly credential?: Credential;
  /** What preparations have left, by their names. */
  readonly results?: PerformContext['results'];
  /** How a receiver says that it did it. */
  readonly accepts?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: string;
  };
}

export interface AdapterCheck {
  readonly name: string;
  run(): Promise<void>;
}

const ACTION = '01937e4a-5b6c-7d8e-9f01-23456789abcd';
const ABORT_LIMIT_MS = 1_000;

/** The checks of an adapter. */
export function adapterChecks(adapter: AnyAdapter, given: AdapterSamples = {}): readonly AdapterCheck[] {
  const { stage, each } = staged(adapter, given);
  const performing = [
    ...each('what is sent is what was stored, but for what is added at sending, once', (payload) =>
      stage.sendsWhatWasStored(payload),
    ),
    ...each('an answer that never comes is left within a second of the abort', (payload) => stage.heedsAbort(payload)),
    ...each('a lost answer is unknown, what was not written is not sent, and neither is repeated', (payload) =>
      stage.saysHowFarItGot(payload),
    ),
  ];
  return [...renderingChecks(adapter, given), ...(stage.registered.canPerform ? performing : [])];
}

/** Those of them that send nothing: they need neither a credential nor what a receiver says. */
export function renderingChecks(adapter: AnyAdapter, given: AdapterSamples = {}): readonly AdapterCheck[] {
  const { stage, each } = staged(adapter, given);
  return [
    ...each('passes the schema', async (payload) => {
      const checked = stage.registered.contract.check(payload);
      ok(checked.ok, `the payload does not pass: ${JSON.stringify(checked)}`);
    }),
    ...each('renders the same bytes each time', (payload) => stage.rendersAlike(payload)),
    ...each('says in one line what it does', (payload) => stage.describesItself(payload)),
    ...each('an artifact holds no secret', (payload) => stage.holdsNoSecret(payload)),
    { name: 'whatever the payload is, an effect or a named error comes of it', run: () => stage.survives() },
  ];
}

function staged(adapter: AnyAdapter, given: AdapterSamples) {
  const stage = new Stage(adapter, given);
  const payloads = Object.entries({ ...given.samples, example: adapter.contract.example });
  const each = (name: string, run: (payload: unknown) => Promise<void>): AdapterCheck[] =>
    payloads.map(([sample, payload]) => ({ name: `${sample}: ${name}`, run: () => run(payload) }));
  return { stage, each };
}

class Stage {
  readonly registered: RegisteredAdapter;
  readonly #given: AdapterSamples;
  readonly #blobs: Blobs;

  constructor(adapter: AnyAdapter, given: AdapterSamples) {
    this.registered = registerAdapter(adapter);
    this.#given = given;
    this.#blobs = given.blobs ?? memoryBlobs();
  }

  async rendersAlike(payload: unknown): Promise<void> {
    const first = await this.#render(payload);
    const copy: unknown = JSON.parse(JSON.stringify(payload));
    const again = await atAnotherHour(() => this.#render(copy));
    strictEqual(
      again.sha256,
      first.sha256,
      'two renderings of one payload differ: a clock, a random number, an order?',
    );
    strictEqual(
      canonicalJson(JSON.parse(new TextDecoder().decode(first.bytes))),
      new TextDecoder().decode(first.bytes),
    );
  }

  async describesItself(payload: unknown): Promise<void> {
    const { effect } = await this.#render(payload);
    ok(/^[^\n]{3,300}$/u.test(effect.summary), `the summary is no line of 3 to 300 characters: ${effect.summary}`);
    const { kind } = this.registered.redelivery(payload);
    ok(['dedupes', 'harmless', 'neither'].includes(kind), `redelivery: ${kind}`);
    strictEqual(new Set(effect.addedAtSending).size, effect.addedAtSending.length, 'addedAtSending names a path twice');
  }

  async holdsNoSecret(payload: unknown): Promise<void> {
    const text = new TextDecoder().decode((await this.#render(payload)).bytes);
    for (const [name, secret] of Object.entries(this.#given.credential ?? {})) {
      ok(!text.includes(secret), `the artifact holds the credential ${name}`);
    }
  }

  async sendsWhatWasStored(payload: unknown): Promise<void> {
    const { effect } = await this.#render(payload);
    if (effect.request.protocol !== 'http') return;
    const way = playedExchange(this.#blobs.read, () => ({ kind: 'answer', ...this.#accepts }));
    const outcome = await this.#perform(effect, way);
    strictEqual(outcome.kind, 'done', `the receiver said yes, and the outcome is ${JSON.stringify(outcome)}`);
    const { method } = effect.request;
    // It may read before: that changes nothing.
    const sent = way.sent.filter(({ request }) => method === 'GET' || request.method !== 'GET');
    strictEqual(sent.length, 1, `one attempt sent ${sent.length} requests`);
    const [only] = sent;
    if (only) deepStrictEqual(maskedRequest(only.request, effect), maskedRequest(effect.request, effect));
  }

  async heedsAbort(payload: unknown): Promise<void> {
    const { effect } = await this.#render(payload);
    if (effect.request.protocol !== 'http') return;
    const way = playedExchange(this.#blobs.read, () => ({ kind: 'hang' }));
    const stop = new AbortController();
    const performing = this.#perform(effect, way, stop.signal);
    await way.reached;
    stop.abort(new Error('stopped by the test'));
    const outcome = await soonAfterAbort(performing);
    strictEqual(outcome.kind, 'unknown', `bytes were written, and the outcome is ${outcome.kind}`);
  }

  async saysHowFarItGot(payload: unknown): Promise<void> {
    const { effect } = await this.#render(payload);
    if (effect.request.protocol !== 'http') return;
    for (const kind of ['unknown', 'not_sent'] as const) {
      const way = playedExchange(this.#blobs.read, () => ({ kind, reason: 'played' }));
      const outcome = await this.#perform(effect, way);
      strictEqual(outcome.kind, kind);
      strictEqual(way.sent.length, 1, `it was tried ${way.sent.length} times in one attempt`);
    }
  }

  async survives(): Promise<void> {
    const example: unknown = this.registered.contract.example;
    const names = Object.keys(Object(example));
    const wrong = [
      ...HOSTILE_PAYLOADS,
      ...names.flatMap((name) => HOSTILE_PAYLOADS.map((value) => ({ ...Object(example), [name]: value }))),
    ];
    for (const payload of wrong) {
      try {
        await this.#render(payload);
      } catch (error) {
        ok(error instanceof AolError, `rendering threw an error without a code: ${String(error)}`);
      }
    }
  }

  get #accepts() {
    return { headers: {}, ...(this.#given.accepts ?? { status: 200, body: '{"id":"1"}' }) };
  }

  #render(payload: unknown) {
    return renderArtifact(this.registered, payload, this.#context(payload));
  }

  #context(payload: unknown): RenderContext {
    return {
      actionId: ACTION,
      providerKey: `aol-${ACTION}`,
      account: this.#account(payload),
      blobs: this.#blobs,
    };
  }

  #account(payload: unknown): RenderAccount | null {
    const wanted = accountWanted(this.registered, payload);
    const provider = this.registered.providers.find(({ name }) => name === wanted?.provider);
    if (!provider) return null;
    const { settings } = this.#given;
    const who = settings === undefined ? provider.placeholder : provider.identify(settings);
    return { name: wanted?.name ?? 'default', provider: provider.name, ...who, settings: settings ?? {}, facts: {} };
  }

  async #perform(effect: Effect, exchange: Exchange, signal = new AbortController().signal): Promise<AttemptOutcome> {
    const { account: named } = effect;
    const { credential = {}, settings = {}, results = {} } = this.#given;
    const context: PerformContext = {
      ...this.#context(undefined),
      attempt: 1,
      signal,
      firstAttemptAt: new Date(),
      lastAttemptAt: new Date(),
      account: named && { ...named, settings, facts: {}, credential: async () => credential },
      results,
      exchange,
    };
    const outcome = await this.registered.perform?.(effect, context);
    if (!outcome) throw new Error('it performs nothing');
    return outcome;
  }
}

/** The limit is a timer beside the work: where the process gets no time, neither does what is waited for. */
async function soonAfterAbort(performing: Promise<AttemptOutcome>): Promise<AttemptOutcome> {
  const ended = new AbortController();
  const tooLate = async (): Promise<never> => {
    await delay(ABORT_LIMIT_MS, undefined, { signal: ended.signal });
    throw new AssertionError({ message: `it had not ended ${ABORT_LIMIT_MS} ms after the abort` });
  };
  try {
    return await Promise.race([performing, tooLate()]);
  } finally {
    ended.abort();
  }
}

function accountWanted(adapter: RegisteredAdapter, payload: unknown) {
  try {
    return adapter.account(payload);
  } catch {
    return undefined;
  }
}

/** A request without what sending adds. */
function maskedRequest(request: HttpRequest, { addedAtSending }: Effect): unknown {
  const masked: unknown = JSON.parse(JSON.stringify(request));
  for (const path of addedAtSending) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let holder: unknown = masked;
    for (const name of names)
      holder = typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
    if (typeof holder === 'object' && holder !== null) Reflect.deleteProperty(holder, last);
  }
  return masked;
}

/** Whoever plays only needs the type. */
export type { Exchange };
export type PlayedRequests = Played;
