/**
 * Accounts: on whose behalf effects are performed. What is configured (`aol.accounts.yaml`, variables), what was learned of each (its
 * state, its limits), and its secrets, which leave this folder only as a credential at sending.
 */

import type { Exchange } from '../adapters/exchange/index.ts';
import type { EffectAccount, PerformContext, RenderAccount } from '../adapters/port.ts';
import type { AttemptOutcome, LimitSeen } from '../domain/outcomes.ts';

export type SendingAccount = NonNullable<PerformContext['account']>;

export type OpenedAccount =
  | { readonly kind: 'ready'; readonly account: SendingAccount }
  /** It is not the one that was approved any more, or not configured. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** It can do nothing now: needs a login, is on hold or limited until a time (epoch milliseconds). */
  | { readonly kind: 'on_hold'; readonly reason: string; readonly untilMs?: number };

export interface Accounts {
  /**
   * The account that a payload names, or the only one of its provider; where none is configured, one that says so.
   *
   * @throws InvalidRequestError when there are several and none is named, or none has that name
   */
  forRendering(wanted: { readonly provider: string; readonly name?: string | undefined }): RenderAccount;
  /** The account that an effect names, if it is still the one that was hashed. Never throws. */
  forSending(account: EffectAccount): Promise<OpenedAccount>;
  /** The way out for an effect: to public addresses, and to the server that its account names. */
  exchangeFor(account: EffectAccount | null): Exchange;
  /** The same text without the credentials that were handed out. */
  scrub(text: string): string;
  /** Takes note of the limits that a preparation was told. They hold nothing: the effect may need others. Never throws. */
  keepLimits(account: EffectAccount, limits: readonly LimitSeen[]): Promise<void>;
  /** Takes note of what an answer said of an account: a hold, its limits; done: that it works. Never throws. */
  learn(account: EffectAccount, outcome: AttemptOutcome): Promise<void>;
}
