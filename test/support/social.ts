/** Posts through the adapter, as the engine would do it, or through the engine, as an account that nobody has to configure. */

import { createExchange } from '../../src/adapters/exchange/index.ts';
import { createSsrfGuard } from '../../src/adapters/exchange/ssrf-guard.ts';
import { type AnyAdapter, type RegisteredAdapter, registerAdapter, renderArtifact } from '../../src/adapters/index.ts';
import type { Effect, PerformContext, PreparationOutcome, RenderAccount } from '../../src/adapters/port.ts';
import { postSocialAdapter } from '../../src/adapters/post-social/index.ts';
import type { Credential } from '../../src/adapters/provider.ts';
import type { JsonValue } from '../../src/contracts/http/json.ts';
import type { AttemptOutcome } from '../../src/domain/outcomes.ts';
import { performContext, SAMPLE_CONTEXT } from './contexts.ts';

export const posts: RegisteredAdapter = registerAdapter(postSocialAdapter);

/** Who posts, and how it logs in. */
export interface Poster {
  readonly account: RenderAccount;
  readonly credential: (options?: { readonly renew?: boolean }) => Promise<Credential>;
}

export function posterAt(provider: string, identity: string, server: string, facts: RenderAccount['facts'] = {}) {
  return { name: 'default', provider, identity, server, settings: {}, facts };
}

/** A post between its proof and its end. */
export interface Play {
  readonly effect: Effect;
  /** What PROOF would store. */
  readonly bytes: Uint8Array;
  readonly context: (more?: Partial<PerformContext>) => PerformContext;
  /**
   * Does all preparations, asking again at once; throws the first that fails.
   *
   * @param receipt of the action whose post is replied to
   */
  prepare(receipt?: JsonValue): Promise<Readonly<Record<string, JsonValue>>>;
  perform(more?: Partial<PerformContext>): Promise<AttemptOutcome>;
  reconcile(more?: Partial<PerformContext>): ReturnType<NonNullable<RegisteredAdapter['reconcile']>>;
}

export async function play(
  post: unknown,
  { account, credential }: Poster,
  more: Partial<PerformContext> = {},
): Promise<Play> {
  const { blobs = SAMPLE_CONTEXT.blobs, actionId = SAMPLE_CONTEXT.actionId } = more;
  const providerKey = `aol-${actionId}`;
  const { effect, bytes } = await renderArtifact(posts, post, {
    ...SAMPLE_CONTEXT,
    ...more,
    actionId,
    providerKey,
    account,
    blobs,
  });
  const given = {
    firstAttemptAt: new Date(),
    ...more,
    actionId,
    providerKey,
    blobs,
    account: { ...account, credential },
  };
  let results: Readonly<Record<string, JsonValue>> = {};
  const context = (again: Partial<PerformContext> = {}) =>
    performContext({ ...given, results, allow: [new URL(account.server).host], ...again });
  return {
    effect,
    bytes,
    context,
    async prepare(receipt) {
      for (const step of effect.preparations) {
        let before = step.request.protocol === 'receipt' ? receipt : undefined;
        for (;;) {
          const outcome = await posts.prepare?.(step, effect, context(), before);
          if (outcome?.kind === 'not_yet') {
            before = outcome.result;
            continue;
          }
          if (outcome?.kind !== 'ready') throw new PreparationError(outcome);
          results = { ...results, [step.name]: outcome.result };
          break;
        }
      }
      return results;
    },
    async perform(again) {
      const outcome = await posts.perform?.(effect, context(again));
      if (!outcome) throw new Error('nothing performs');
      return outcome;
    },
    async reconcile(again) {
      const said = await posts.reconcile?.(effect, context(again));
      if (!said) throw new Error('nothing can be asked');
      return said;
    },
  };
}

export class PreparationError extends Error {
  readonly outcome: PreparationOutcome | undefined;

  constructor(outcome: PreparationOutcome | undefined) {
    super(JSON.stringify(outcome));
    this.outcome = outcome;
  }
}

/** `POST_AS`: the posts of one account. For the engine nobody's account speaks, so that none has to be configured. */
export function postsAs({ account, credential }: Poster, onPerform: OnPerform = {}): AnyAdapter {
  const allow = [new URL(account.server).host];
  const sending = { ...account, credential };
  const { name, provider, identity, server } = account;
  const spoken = (effect: Effect): Effect => ({ ...effect, account: { name, provider, identity, server } });
  const inside = (context: PerformContext): PerformContext => ({
    ...context,
    account: sending,
    exchange: createExchange(createSsrfGuard(allow), context.blobs.read),
  });
  const { prepare, perform, reconcile } = posts;
  if (!prepare || !perform || !reconcile) throw new Error('posts are not sent');
  return {
    contract: { ...postSocialAdapter.contract, type: 'POST_AS' },
    version: postSocialAdapter.version,
    redelivery: (payload) => posts.redelivery(payload, account),
    async render(payload, context) {
      const effect = await posts.render(payload, { ...context, account });
      return { ...effect, type: 'POST_AS', account: null };
    },
    prepare: (step, effect, context, before) => prepare(step, spoken(effect), inside(context), before),
    async perform(effect, context) {
      onPerform.before?.();
      const outcome = await perform(spoken(effect), inside(context));
      onPerform.after?.();
      return outcome;
    },
    reconcile: (effect, context) => reconcile(spoken(effect), inside(context)),
  };
}

export interface OnPerform {
  readonly before?: () => void;
  readonly after?: () => void;
}
