/** The port between the engine and the outside: what an adapter is. */

import type { JsonObject, JsonValue } from '../contracts/http/json.ts';
import type { ActionContract } from '../contracts/payloads/contract.ts';
import type { Preview } from '../contracts/preview.ts';
import type { AttemptOutcome, LimitSeen, Reconciled, Redelivery } from '../domain/outcomes.ts';
import type { Exchange } from './exchange/index.ts';
import type { Credential, Provider } from './provider.ts';

/** A file that goes out with an effect. Its bytes lie in the blob store under their SHA-256; the effect holds nothing but this. */
export interface EffectBlob {
  readonly sha256: string;
  readonly mediaType: string;
  readonly byteCount: number;
  readonly alt?: string | undefined;
}

/** A part of a form: a text, or a file of the effect's blobs. */
export type MultipartPart =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly fileName: string; readonly mediaType: string; readonly blob: string };

/** What a request carries, each kind with one way to become bytes (`exchange/body.ts`). */
export type HttpBody =
  | { readonly kind: 'none' }
  /** Sent as canonical JSON. */
  | { readonly kind: 'json'; readonly value: JsonValue }
  | { readonly kind: 'form'; readonly fields: readonly { readonly name: string; readonly value: string }[] }
  | { readonly kind: 'text'; readonly text: string }
  /** A file as it is: the SHA-256 of one of the effect's blobs. */
  | { readonly kind: 'blob'; readonly sha256: string }
  | { readonly kind: 'multipart'; readonly boundary: string; readonly parts: readonly MultipartPart[] };

/** A request over HTTP, exactly as it would be sent. */
export interface HttpRequest {
  readonly protocol: 'http';
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** Lower-case names, the content type among them. A field that is added at sending shows a placeholder here. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: HttpBody;
}

/** A mail, exactly as it would be handed over: the envelope, and a message of RFC 5322 whose bytes are a blob of the effect. */
export interface SmtpMessage {
  readonly protocol: 'smtp';
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  /** The SHA-256 of one of the effect's blobs. */
  readonly message: string;
  /** Header fields that go before the message, by their lower-case names. Only sending knows them: its date, a signature. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export type EffectRequest = HttpRequest | SmtpMessage;

/** On whose behalf. It is hashed and approved with the rest; the secret is added at sending. */
export interface EffectAccount {
  readonly name: string;
  readonly provider: string;
  /** Who will speak: a handle, an address, a workspace. */
  readonly identity: string;
  /** From where: the address of the instance, host and port of a mail server. */
  readonly server: string;
}

/** What an earlier action left: AOL waits until it is done, and gives its receipt to `prepare`. */
export interface ReceiptOf {
  readonly protocol: 'receipt';
  /** Its id. Where it was promoted since, what it became is meant. */
  readonly action: string;
}

/**
 * Something harmless and repeatable that has to be done before the effect: an upload, a look-up. Its result is kept for the action,
 * and fills in what `resultOf(name)` stands for in the effect's request.
 */
export interface Step {
  readonly name: string;
  /** One line for people: `Upload 1 of 2: image/png, 83 kB`. */
  readonly summary: string;
  readonly request: HttpRequest | ReceiptOf;
}

/**
 * An exact, serialisable description of what would be sent. Its canonical JSON is the artifact; the SHA-256 of those
 * bytes is what a person approves. It holds no secret and nothing that differs from one rendering to the next.
 */
export interface Effect {
  readonly type: string;
  readonly adapterVersion: number;
  /** One line for people: `Post to Bluesky as brand.example: "Hello"`. */
  readonly summary: string;
  /** How it looks to the one who receives it. It is hashed and approved with the rest. */
  readonly preview?: Preview | undefined;
  /** Null where nobody's account speaks. */
  readonly account: EffectAccount | null;
  readonly preparations: readonly Step[];
  /**
   * What the receiver makes of a second request under our key, where whoever queued the action said it: it is approved with the rest.
   * Absent: as its adapter says.
   */
  readonly redelivery?: Redelivery | undefined;
  /** The one step that is the effect: the gate stands before it. */
  readonly request: EffectRequest;
  readonly blobs: readonly EffectBlob[];
  /** Paths within `request` that hold a placeholder and are filled in at sending: authorisation, signature, date. */
  readonly addedAtSending: readonly string[];
}

/** Files by their SHA-256. */
export interface Blobs {
  /** What is known of one. Throws InvalidRequestError when there is none. */
  describe(sha256: string): Promise<Omit<EffectBlob, 'alt'> & { readonly width?: number; readonly height?: number }>;
  /** Its bytes, after their SHA-256 was checked. Throws ArtifactError when they are missing or altered. */
  read(sha256: string): Promise<Uint8Array>;
  /** Keeps bytes, and answers what an effect says of them. The same may be kept again. */
  keep(bytes: Uint8Array, mediaType: string): Promise<EffectBlob>;
}

/** It tells no time: a person may give what was approved another one. What needs one at the receiver has it added at sending. */
export interface RenderContext {
  readonly actionId: string;
  /** The key sent to the provider: derived from the action's id, the same over all attempts. */
  readonly providerKey: string;
  /** Whose account will speak; null where the adapter names no provider for this payload. */
  readonly account: RenderAccount | null;
  readonly blobs: Blobs;
}

/** An account as rendering sees it. Where none is configured it is one that says so, and REAL refuses what was rendered with it. */
export interface RenderAccount extends EffectAccount {
  /** What its entry says, as the provider's schema gives it; secrets are references only. */
  readonly settings: unknown;
  /** What was learned of it at its last check: the limits of its instance, the software of its server. */
  readonly facts: JsonObject;
}

export interface PerformContext extends Omit<RenderContext, 'account'> {
  readonly attempt: number;
  /** Aborted by kill, shutdown and the attempt's deadline. */
  readonly signal: AbortSignal;
  /** When the first attempt that may have happened began, by the database's clock; this one's, where there is none before it. */
  readonly firstAttemptAt: Date;
  /** When the last one of these began: since then nothing more was sent. */
  readonly lastAttemptAt: Date;
  /**
   * The account that the effect names, as it is now; null where it names none. Ask for its credential before anything is sent, and to
   * renew it only after an answer that says that nothing happened (401): where it cannot be had, let what is thrown pass, and the
   * action waits for its account.
   */
  readonly account:
    | (RenderAccount & { credential(options?: { readonly renew?: boolean }): Promise<Credential> })
    | null;
  /** Of the preparations, by their names. */
  readonly results: Readonly<Record<string, JsonValue>>;
  /** The one way out: knows whether bytes were written, follows no redirect, repeats nothing. */
  readonly exchange: Exchange;
}

/** How a preparation ended. */
export type PreparationOutcome =
  | { readonly kind: 'ready'; readonly result: JsonValue; readonly limits?: readonly LimitSeen[] | undefined }
  /** The provider still works on it: no attempt is used up. */
  | {
      readonly kind: 'not_yet';
      readonly result: JsonValue;
      readonly askAgainAfterMs: number;
      readonly limits?: readonly LimitSeen[] | undefined;
    }
  | Exclude<AttemptOutcome, { readonly kind: 'done' | 'unknown' }>;

export interface Adapter<Payload = JsonObject> {
  readonly contract: ActionContract<Payload>;
  /** Raised whenever the same payload renders other bytes than before. */
  readonly version: number;
  /** Whose accounts it speaks for. */
  readonly providers?: readonly Provider[];
  /** Which provider's account a payload needs, and its name if it says one. Absent: nobody's. */
  account?(payload: Payload): { readonly provider: string; readonly name?: string | undefined };
  /** What the provider makes of a second request under the same key. */
  redelivery(payload: Payload, account?: RenderAccount): Redelivery;
  /**
   * What performing a stored effect may cost at most, in millionths of a US dollar, by the prices that its account's entry names;
   * undefined: it costs something, and nobody knows how much. Absent: nothing. What it cost is said by the receipt: `price.usd`.
   */
  price?(effect: Effect, account: RenderAccount | null): number | undefined;
  /** Whether REAL has what it needs besides an account, and if not, what is missing, by the names of its variables. Absent: it has. */
  configured?(): { readonly real: boolean; readonly missing: readonly string[] };
  /** No clock, no randomness, no connection. Both modes take this path, so what PROOF shows is what REAL sends. */
  render(payload: Payload, context: RenderContext): Effect | Promise<Effect>;
  /**
   * Does one of the effect's preparations.
   *
   * @param before what the last call said with `not_yet`; the receipt, where the step asks for one
   */
  prepare?(
    step: Step,
    effect: Effect,
    context: PerformContext,
    before: JsonValue | undefined,
  ): Promise<PreparationOutcome>;
  /** Sends the effect, once, and says how it ended. Absent: the adapter works in PROOF only. */
  perform?(effect: Effect, context: PerformContext): Promise<AttemptOutcome>;
  /** Asks the provider whether the effect happened: reads only. */
  reconcile?(effect: Effect, context: PerformContext): Promise<Reconciled>;
}

/** The simplest effect: a POST of JSON on nobody's behalf, without anything before it or added to it. */
export function jsonEffect(effect: {
  readonly type: string;
  readonly adapterVersion: number;
  readonly summary: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: JsonValue;
  readonly preview?: Preview;
}): Effect {
  const { url, headers = {}, body, ...rest } = effect;
  return {
    ...rest,
    account: null,
    preparations: [],
    request: { protocol: 'http', method: 'POST', url, headers, body: { kind: 'json', value: body } },
    blobs: [],
    addedAtSending: [],
  };
}

/** The JSON that an effect's request carries; undefined where it carries another kind of body. */
export function jsonBodyOf({ request }: Effect): JsonValue | undefined {
  return request.protocol === 'http' && request.body.kind === 'json' ? request.body.value : undefined;
}

/** Types an adapter by its contract's payload. Does nothing else; importing it starts nothing. */
export function defineAdapter<Payload>(adapter: Adapter<Payload>): Adapter<Payload> {
  return adapter;
}
