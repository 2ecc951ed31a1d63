/** The AOLs that this user knows by name, with their tokens, and which of them is in use: a file of the user's own. */

import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isPrivateWay } from '../domain/addresses.ts';
import { errorCode, errorText } from '../domain/errors.ts';
import { ContextsError } from './errors.ts';

/** The name of what is there without any context: the AOL of this machine. */
export const LOCAL = 'local';

const contextSchema = z.object({
  url: z.url({ protocol: /^https?$/ }).refine(isPrivateWay, 'must begin with https://'),
  token: z.string().min(1).optional(),
});
const contextsSchema = z.object({
  current: z.string().optional(),
  contexts: z.record(z.string(), contextSchema),
});

export type Context = Readonly<z.output<typeof contextSchema>>;
export type NamedContext = Context & { readonly name: string };
export type Contexts = Readonly<z.output<typeof contextsSchema>>;

/** @throws ContextsError when the file is there and cannot be read */
export function readContexts(configDir: string): Contexts {
  const path = contextsPath(configDir);
  try {
    const contexts = contextsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
    return contexts;
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(thrown) ?? '')) return { contexts: {} };
    throw new ContextsError(`${path} cannot be used: ${errorText(thrown, 300)}`, { cause: thrown });
  }
}

/** @throws ContextsError when there is none of this name */
export function namedContext({ contexts }: Contexts, name: string): NamedContext {
  const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (found) return { ...found, name };
  throw new ContextsError(`there is no context ${name}: ${[LOCAL, ...Object.keys(contexts)].join(', ')}`);
}

/** @throws ContextsError when the one in use is not there */
export function contextInUse({ current, contexts }: Contexts): NamedContext | undefined {
  if (current === undefined) return undefined;
  const found = contexts[current];
  if (found) return { ...found, name: current };
  throw new ContextsError(`the current context, ${current}, does not exist: \`aol context use\` another one`);
}

/** The file appears complete or not at all, for this user alone. */
export function writeContexts(configDir: string, contexts: Contexts): void {
  const path = contextsPath(configDir);
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(temporary, `${JSON.stringify(contexts, undefined, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(temporary, path);
}

export function contextsPath(configDir: string): string {
  return join(configDir, 'contexts.json');
}
