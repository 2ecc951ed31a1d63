/** The port between the engine and the outside: what an adapter is. */

import type { JsonObject, JsonValue } from '../contracts/http/json.ts';
import type { ActionContract } from '../contracts/payloads/contract.ts';
import type { Preview } from '../contracts/preview.ts';
import type { AttemptOutcome, Redelivery } from '../domain/outcomes.ts';

/** A request over HTTP, exactly as it would be sent. */
export interface HttpRequest {
  readonly protocol: 'http';
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** Lower-case names. A field that is added at sending shows a placeholder here. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonValue;
}

/**
 * An exact, serialisable description of what would be sent. Its canonical JSON is the artifact; the SHA-256 of those
 * bytes is what a person approves. It holds no secret and nothing that differs from one rendering to the next.
 */
export interface Effect {
  readonly type: string;
  readonly adapterVersion: number;
  /** One line for people: `Post to Bluesky: "Hello"`. */
  readonly summary: string;
  /** How it looks to the one who receives it. It is hashed and approved with the rest; absent, the request is shown. */
  readonly preview?: Preview | undefined;
  readonly request: HttpRequest;
  /** Paths within `request` that hold a placeholder and are filled in at sending: authorisation, signature, date. */
  readonly addedAtSending: readonly string[];
}

export interface RenderContext {
  readonly actionId: string;
  /** When the action was first due: rendering may use it, and must not read the clock. Retries do not move it. */
  readonly runAt: Date;
  /** The key sent to the provider: derived from the action's id, the same over all attempts. */
  readonly providerKey: string;
}

export interface PerformContext extends RenderContext {
  readonly attempt: number;
  /** Aborted by kill, shutdown and the attempt's deadline. */
  readonly signal: AbortSignal;
}

export interface Adapter<Payload = JsonObject> {
  readonly contract: ActionContract<Payload>;
  /** Raised whenever the same payload renders other bytes than before. */
  readonly version: number;
  /** What the provider makes of a second request under the same key. */
  redelivery(payload: Payload): Redelivery;
  /** Whether REAL has what it needs (credentials), and if not, what is missing, by the names of its variables. */
  configured(): { readonly real: boolean; readonly missing: readonly string[] };
  /** Pure: no clock, no randomness, no connection. Both modes take this path, so what PROOF shows is what REAL sends. */
  render(payload: Payload, context: RenderContext): Effect;
  /** Sends the effect, once, and says how it ended. Absent: the adapter works in PROOF only. */
  perform?(effect: Effect, context: PerformContext): Promise<AttemptOutcome>;
  /** Asks the provider whether the effect happened. Undefined means that it could not tell. */
  reconcile?(effect: Effect, context: PerformContext): Promise<AttemptOutcome | undefined>;
}

/** Types an adapter by its contract's payload. Does nothing else; importing it starts nothing. */
export function defineAdapter<Payload>(adapter: Adapter<Payload>): Adapter<Payload> {
  return adapter;
}
