/** Accounts as the environment and its file tell them: entries, and where their secrets stand. What they mean is the providers'. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { ConfigurationError, errorText } from '../domain/errors.ts';
import type { Config } from './config.ts';
import { type ProcessEnvironment, processEnvironment } from './environment.ts';

const ACCOUNTS_FILE = 'aol.accounts.yaml';

/** Where a secret stands. */
export type Reference = { readonly env: string } | { readonly file: string };

export interface AccountSettings {
  /** By name, as they stand in the file; undefined where there is none. */
  readonly file: { readonly path: string; readonly entries: Readonly<Record<string, unknown>> } | undefined;
  /** A variable of the environment; undefined where it is unset or empty. */
  readonly variable: (name: string) => string | undefined;
  /** The secret behind a reference; undefined where there is none. Read anew each time, so that a file may change. */
  readonly resolve: (reference: Reference) => string | undefined;
  /** Every secret that the entries refer to, as it is now, so that logs can be kept free of them. */
  readonly secrets: readonly string[];
}

const referenceSchema = z.union([z.strictObject({ env: z.string() }), z.strictObject({ file: z.string() })]);

/**
 * Reads `AOL_ACCOUNTS`, else `aol.accounts.yaml` of the working directory if it is there.
 *
 * @throws ConfigurationError when the file cannot be read, or is no list of entries by name
 */
export function loadAccountSettings(
  { accountsFile }: Pick<Config, 'accountsFile'>,
  env: ProcessEnvironment = processEnvironment(),
): AccountSettings {
  const path = accountsFile ?? resolve(ACCOUNTS_FILE);
  const entries = accountsFile === undefined && !existsSync(path) ? undefined : readEntries(path);
  const variable = (name: string) => env[name] || undefined;
  const resolveReference = (reference: Reference) =>
    'env' in reference ? variable(reference.env) : readSecret(resolve(dirname(path), reference.file));
  return {
    file: entries && { path, entries },
    variable,
    resolve: resolveReference,
    secrets: referencesIn(entries).flatMap((reference) => resolveReference(reference) ?? []),
  };
}

function readEntries(path: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw wrongFile(path, `cannot be read: ${errorText(error)}`, error);
  }
  const document = parseDocument(text, { uniqueKeys: true });
  const [problem] = document.errors;
  // The library's own text quotes the file, and with it a secret that should not stand there.
  if (problem) throw wrongFile(path, `is not YAML: line ${problem.linePos?.[0].line ?? 1}: ${problem.code}`);
  const parsed = z.record(z.string(), z.unknown()).safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (!parsed.success) throw wrongFile(path, 'must hold entries by name: `my-account: {provider: …}`');
  return parsed.data;
}

/** The text of a file, without the line's end that editors leave. */
function readSecret(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/u, '') || undefined;
  } catch {
    // Whoever asks for it says that it is missing, by the account's name.
    return undefined;
  }
}

function referencesIn(value: unknown): readonly Reference[] {
  if (typeof value !== 'object' || value === null) return [];
  const parsed = referenceSchema.safeParse(value);
  return parsed.success ? [parsed.data] : Object.values(value).flatMap(referencesIn);
}

function wrongFile(path: string, why: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('AOL_ACCOUNTS', `AOL_ACCOUNTS: ${path} ${why}`, { cause });
}
