/** A provider: whose accounts adapters speak for. */

import { z } from 'zod';
import type { JsonObject } from '../contracts/http/json.ts';
import type { Exchange } from './exchange/index.ts';

/** Where a secret stands: accounts name one, and never hold it. */
export const secretReferenceSchema = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Z_][A-Z0-9_]*$/u) }),
  z.strictObject({ file: z.string().min(1) }),
]);
export type SecretReference = z.output<typeof secretReferenceSchema>;

/** What sending needs, by name: `{accessToken}`. The engine scrubs each value from whatever comes back. */
export type Credential = Readonly<Record<string, string>>;

/** What a log-in answered. It is kept, encrypted, for all workers. */
export interface LogIn {
  readonly kind: 'logged_in';
  readonly credential: Credential;
  /** Absent: until it is refused. */
  readonly expiresAt?: Date;
}

export type LogInAnswer =
  | LogIn
  /** A person has to log in again: the account holds its actions until then. */
  | { readonly kind: 'needs_login'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs?: number };

export type AccountCheck =
  /** `expiresAt`: when a token that nobody renews runs out. */
  | { readonly kind: 'ready'; readonly identity: string; readonly facts: JsonObject; readonly expiresAt?: Date }
  | { readonly kind: 'needs_login' | 'on_hold' | 'unreachable'; readonly reason: string };

export interface AccountContext<Settings> {
  readonly settings: Settings;
  /** The secrets of its entry, by the names of its fields. */
  readonly secrets: Credential;
  readonly exchange: Exchange;
  readonly signal: AbortSignal;
}

export interface Provider<Settings = unknown> {
  /** `bluesky`: what an account's entry says. */
  readonly name: string;
  readonly title: string;
  /** What an entry may hold besides `provider` and `budget`. A secret is a `secretReference`. */
  readonly settings: z.ZodType<Settings>;
  /**
   * The public part of an account, without asking anybody. Of the secrets only what is none may be in it: the host within an address.
   */
  identify(settings: Settings, secrets?: Credential): { readonly identity: string; readonly server: string };
  /** The variables of the one account that needs no file, by the field that each fills in. */
  readonly variables: Readonly<
    Record<string, { readonly name: string; readonly secret?: true; readonly required?: true }>
  >;
  /** What a proof shows while no account is configured. */
  readonly placeholder: { readonly identity: string; readonly server: string };
  /** Whether an account of these settings logs in; absent: each, where there is a `logIn`. Of others the secrets are the credential. */
  logsIn?(settings: Settings): boolean;
  /**
   * Makes a credential that expires, or renews it. One process does at a time, over all workers. Absent: the secrets of the entry are
   * the credential.
   */
  logIn?(context: AccountContext<Settings> & { readonly last: Credential | undefined }): Promise<LogInAnswer>;
  /** A read-only look whether it works. */
  check(context: AccountContext<Settings> & { readonly credential: Credential }): Promise<AccountCheck>;
}

/** Types a provider by its settings; whoever holds many has forgotten them. */
export function defineProvider<Settings>(provider: Provider<Settings>): Provider {
  const parse = (settings: unknown): Settings => provider.settings.parse(settings);
  const { logIn, logsIn } = provider;
  return {
    ...provider,
    identify: (settings, secrets) => provider.identify(parse(settings), secrets),
    check: (context) => provider.check({ ...context, settings: parse(context.settings) }),
    ...(logsIn && { logsIn: (settings) => logsIn(parse(settings)) }),
    ...(logIn && { logIn: (context) => logIn({ ...context, settings: parse(context.settings) }) }),
  };
}
