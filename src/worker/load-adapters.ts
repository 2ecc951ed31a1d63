/** Adapters of others: modules that `AOL_ADAPTERS` names, loaded by worker and API alike. */

import { registerHooks } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { type AnyAdapter, type RegisteredAdapter, registerAdapter } from '../adapters/registry.ts';
import type { AnyActionContract } from '../contracts/payloads/contract.ts';
import { ConfigurationError, errorText } from '../domain/errors.ts';

export interface LoadedAdapters {
  /** As the modules export them. */
  readonly sources: readonly AnyAdapter[];
  readonly adapters: readonly RegisteredAdapter[];
  /** What the API needs to know of them. */
  readonly contracts: readonly AnyActionContract[];
}

/** What `defineAdapter` gives; the rest is checked where it is used. */
const adapterSchema = z.custom<AnyAdapter>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    'contract' in value &&
    'version' in value &&
    'render' in value &&
    typeof value.render === 'function' &&
    'redelivery' in value,
  { message: 'must export an adapter by default, or a list of them: see docs/adapters.md' },
);
const moduleSchema = z.object({
  default: z
    .unknown()
    .transform((value) => (Array.isArray(value) ? value : [value]))
    .pipe(z.array(adapterSchema).min(1)),
});

/** What an adapter imports from us is this copy of ours, wherever its file lies. */
const OURS = /^(?:aol(?:\/.*)?|zod)$/u;

/**
 * Loads modules, each of which exports an adapter by default, or a list of them.
 *
 * @param files as `AOL_ADAPTERS` names them: relative to the working directory, or absolute
 * @throws ConfigurationError that names the file
 */
export async function loadAdapters(files: readonly string[]): Promise<LoadedAdapters> {
  if (files.length === 0) return { sources: [], adapters: [], contracts: [] };
  const hooks = registerHooks({
    resolve: (specifier, context, nextResolve) =>
      OURS.test(specifier)
        ? nextResolve(specifier, { ...context, parentURL: import.meta.url })
        : nextResolve(specifier, context),
  });
  try {
    const sources: AnyAdapter[] = [];
    for (const file of files) sources.push(...(await loadOne(file)));
    const adapters = sources.map((adapter) => registerAdapter(adapter));
    return { sources, adapters, contracts: adapters.map(({ contract }) => contract) };
  } finally {
    hooks.deregister();
  }
}

async function loadOne(file: string): Promise<AnyAdapter[]> {
  try {
    const url = pathToFileURL(isAbsolute(file) ? file : resolve(file));
    const parsed = moduleSchema.safeParse(await import(url.href));
    if (!parsed.success) throw new Error(parsed.error.issues[0]?.message ?? 'is no module of adapters');
    for (const adapter of parsed.data.default) registerAdapter(adapter);
    return parsed.data.default;
  } catch (error) {
    throw new ConfigurationError('AOL_ADAPTERS', `${file}: ${errorText(error, 500)}`, { cause: error });
  }
}
