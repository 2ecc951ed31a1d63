/** What an adapter is given of an action and of the world. */

import type { Accounts, SendingAccount } from '../accounts/port.ts';
import type { Blobs, PerformContext, RenderAccount, RenderContext } from '../adapters/port.ts';
import type { RegisteredAdapter } from '../adapters/registry.ts';
import type { JsonValue } from '../contracts/http/json.ts';
import { providerKey } from '../contracts/names.ts';
import type { ClaimedAction } from '../db/queue/claimed-action.ts';
import type { PreparedEffect } from './prepare-effect.ts';

export interface ContextPorts {
  readonly accounts: Accounts;
  /** Files as an action sees them: what it keeps lasts as long as it does. */
  readonly blobsOf: (actionId: string) => Blobs;
}

/**
 * A promoted action performs its proof's artifact, byte for byte: it renders under the proof's id and key.
 *
 * @throws InvalidRequestError when the payload names no account, and there are several; or one that there is not
 */
export function renderContext(
  { accounts, blobsOf }: ContextPorts,
  adapter: RegisteredAdapter,
  action: ClaimedAction,
): RenderContext & { readonly account: RenderAccount | null } {
  const actionId = action.promotedFrom ?? action.id;
  const wanted = adapter.account(action.payload);
  const account = wanted ? accounts.forRendering(wanted) : null;
  return { actionId, providerKey: providerKey(actionId), account, blobs: blobsOf(action.id) };
}

export interface Performing {
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly firstAttemptAt: Date;
  readonly lastAttemptAt: Date;
  readonly results: Readonly<Record<string, JsonValue>>;
  readonly account: SendingAccount | null;
}

export function performContext(
  { accounts, blobsOf }: ContextPorts,
  action: ClaimedAction,
  { artifact }: Pick<PreparedEffect, 'artifact'>,
  performing: Performing,
): PerformContext {
  const actionId = action.promotedFrom ?? action.id;
  return {
    actionId,
    providerKey: providerKey(actionId),
    blobs: blobsOf(action.id),
    exchange: accounts.exchangeFor(artifact.effect.account),
    ...performing,
  };
}
