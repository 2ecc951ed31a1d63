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

export interface ProviderVariable {
  readonly name: string;
  readonly secret?: true;
  readonly required?: true;
  /**
   * It holds an address that may hold a password (`smtps://user:password@host`): the field gets the address without it, and the
   * password becomes the secret of the field that is named here (`withoutPassword`).
   */
  readonly password?: string;
}

export interface Provider<Settings = unknown> {
  /** `bluesky`: what an account's entry says. */
  readonly name: string;
  readonly title: string;
  /** What an entry may hold besides `provider` and `budget`. A secret is a `secretReference`. */
  readonly settings: z.ZodType<Settings>;
  /** The public part of an account, without asking anybody. */
  identify(settings: Settings): { readonly identity: string; readonly server: string };
  /**
   * Servers besides `server` that it connects to, as `host:port`: the mailbox of one who sends. They may be reached as that one may.
   */
  reaches?(settings: Settings): readonly string[];
  /** The variables of the one account that needs no file, by the field that each fills in. */
  readonly variables: Readonly<Record<string, ProviderVariable>>;
  /** What a proof shows while no account is configured. */
  readonly placeholder: { readonly identity: string; readonly server: string };
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
  const { logIn, reaches } = provider;
  return {
    ...provider,
    identify: (settings) => provider.identify(parse(settings)),
    ...(reaches && { reaches: (settings) => reaches(parse(settings)) }),
    check: (context) => provider.check({ ...context, settings: parse(context.settings) }),
    ...(logIn && { logIn: (context) => logIn({ ...context, settings: parse(context.settings) }) }),
  };
}

/** An address, and the password that stood in it. What is no address is left as it is. */
export function withoutPassword(address: string): { readonly address: string; readonly password?: string } {
  if (!URL.canParse(address)) return { address };
  const url = new URL(address);
  const { password } = url;
  if (password === '') return { address };
  url.password = '';
  return { address: url.href, password: percentDecoded(password) };
}

/** A part of an address as it was meant; one that is not encoded well stands for itself. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
