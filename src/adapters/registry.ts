/** Which adapters there are. Registration is explicit, and fails at start-up rather than at the first action. */

import { type AnyActionContract, describeContract, fieldProblems } from '../contracts/payloads/contract.ts';
import { InvalidRequestError, UnknownTypeError } from '../domain/errors.ts';
import type { Redelivery } from '../domain/outcomes.ts';
import type { Adapter, Effect, RenderAccount, RenderContext } from './port.ts';
import type { Provider } from './provider.ts';

/** An adapter of whatever payload, so that adapters of many types can stand in one list. */
export type AnyAdapter = Adapter<unknown>;

/** An adapter whose payload type is forgotten, as the engine sees it. Payloads are checked again at each call. */
export interface RegisteredAdapter {
  readonly type: string;
  readonly version: number;
  readonly contract: AnyActionContract;
  readonly canPerform: boolean;
  readonly providers: readonly Provider[];
  configured(): { readonly real: boolean; readonly missing: readonly string[] };
  /** Whose account a payload needs; undefined: nobody's. */
  account(payload: unknown): { readonly provider: string; readonly name?: string | undefined } | undefined;
  redelivery(payload: unknown, account?: RenderAccount): Redelivery;
  /** In millionths of a US dollar; undefined: nobody knows. */
  price(effect: Effect, account: RenderAccount | null): number | undefined;
  render(payload: unknown, context: RenderContext): Effect | Promise<Effect>;
  readonly prepare?: Adapter['prepare'];
  /** Absent when the adapter works in PROOF only. */
  readonly perform?: Adapter['perform'];
  readonly reconcile?: Adapter['reconcile'];
}

export interface AdapterRegistry {
  readonly adapters: readonly RegisteredAdapter[];
  /** Throws UnknownTypeError when there is none. */
  get(type: string): RegisteredAdapter;
}

/** Puts the contract's schema before each call, and so makes it safe to forget the payload's type. */
export function registerAdapter<Payload>(adapter: Adapter<Payload>): RegisteredAdapter {
  const { contract, version } = adapter;
  const read = (payload: unknown): Payload => {
    const parsed = contract.payload.safeParse(payload);
    if (parsed.success) return parsed.data;
    const problems = fieldProblems(parsed.error, payload);
    const first = problems[0];
    throw new InvalidRequestError(
      `the payload does not fit ${contract.type} version ${version}: ${first ? `${first.field} ${first.rule}` : 'unknown'}`,
      problems,
    );
  };
  return {
    type: contract.type,
    version,
    contract: describeContract(contract),
    canPerform: adapter.perform !== undefined,
    providers: adapter.providers ?? [],
    configured: () => adapter.configured?.() ?? { real: true, missing: [] },
    account: (payload) => adapter.account?.(read(payload)),
    redelivery: (payload, account) => adapter.redelivery(read(payload), account),
    price: (effect, account) => (adapter.price ? adapter.price(effect, account) : 0),
    render: (payload, context) => adapter.render(read(payload), context),
    ...(adapter.prepare && { prepare: adapter.prepare.bind(adapter) }),
    ...(adapter.perform && { perform: adapter.perform.bind(adapter) }),
    ...(adapter.reconcile && { reconcile: adapter.reconcile.bind(adapter) }),
  };
}

/** Throws UnknownTypeError when two adapters share a type, or one has no proper type or version. */
export function createRegistry(adapters: readonly (AnyAdapter | RegisteredAdapter)[]): AdapterRegistry {
  const byType = new Map<string, RegisteredAdapter>();
  for (const adapter of adapters) {
    const { version, contract } = adapter;
    const { type } = contract;
    if (!/^[A-Z][A-Z0-9_]{0,62}$/u.test(type)) {
      throw new UnknownTypeError(`an adapter's type must be upper case, digits and underscores: ${named(type)}`);
    }
    if (!Number.isSafeInteger(version) || version < 1) {
      throw new UnknownTypeError(`the version of adapter ${type} must be a whole number from 1`);
    }
    if (byType.has(type)) throw new UnknownTypeError(`two adapters were registered for ${type}`);
    byType.set(type, 'canPerform' in adapter ? adapter : registerAdapter(adapter));
  }
  return {
    adapters: [...byType.values()],
    get(type) {
      const adapter = byType.get(type);
      if (adapter) return adapter;
      throw new UnknownTypeError(`there is no adapter for ${named(type)}`);
    },
  };
}

function named(type: string): string {
  return JSON.stringify(type.slice(0, 100));
}
