import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigurationError, errorCode, errorText } from '../domain/errors.ts';
import { prepareDataDir } from './data-dir.ts';

/** The tokens that a server begins with. */
const fileSchema = z.object({ admin: z.string().min(32), operator: z.string().min(32), viewer: z.string().min(32) });
const names = fileSchema.keyof().options;

export type Tokens = Readonly<z.output<typeof fileSchema>>;

export interface TokenSettings {
  readonly dataDir: string;
  /** Those that the environment gives. */
  readonly tokens: Readonly<Partial<Record<keyof Tokens, string | undefined>>>;
}

/**
 * Each role's token: the environment's, else the generated one of `<dataDir>/tokens.json`. The file is made at first
 * use and then stays; whoever starts at the same moment gets the same tokens.
 *
 * @throws ConfigurationError when the file cannot be made or read
 */
export function resolveTokens(settings: TokenSettings): Tokens {
  return findTokens(settings) ?? withEnvironment(settings, createFile(settings.dataDir));
}

/** Like {@link resolveTokens}, but undefined where tokens would have to be made. */
export function findTokens(settings: TokenSettings): Tokens | undefined {
  const { admin, operator, viewer } = settings.tokens;
  if (admin !== undefined && operator !== undefined && viewer !== undefined) {
    return { admin, operator, viewer };
  }
  const stored = readStored(settings.dataDir);
  return stored === undefined ? undefined : withEnvironment(settings, stored);
}

function withEnvironment({ tokens }: TokenSettings, stored: Tokens): Tokens {
  return {
    admin: tokens.admin ?? stored.admin,
    operator: tokens.operator ?? stored.operator,
    viewer: tokens.viewer ?? stored.viewer,
  };
}

function readStored(dataDir: string): Tokens | undefined {
  const path = tokensPath(dataDir);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
    if ((statSync(path).mode & 0o077) !== 0) {
      chmodSync(path, 0o600);
    }
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(thrown) ?? '')) {
      return undefined;
    }
    throw unusable(path, errorText(thrown), thrown);
  }
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw unusable(path, 'it is damaged; delete it to have new tokens made', parsed.error);
  }
  return parsed.data;
}

/** The file appears complete or not at all, and only once: linking fails when another process was first. */
function createFile(dataDir: string): Tokens {
  const path = tokensPath(dataDir);
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const made = Object.fromEntries(names.map((name) => [name, `aol_${name}_${randomBytes(32).toString('base64url')}`]));
  prepareDataDir(dataDir);
  try {
    writeFileSync(temporary, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flush: true });
    linkSync(temporary, path);
  } catch (thrown) {
    if (errorCode(thrown) !== 'EEXIST') {
      throw unusable(path, errorText(thrown), thrown);
    }
  } finally {
    rmSync(temporary, { force: true });
  }
  const stored = readStored(dataDir);
  if (stored === undefined) {
    throw unusable(path, 'it vanished right after it was made');
  }
  return stored;
}

function tokensPath(dataDir: string): string {
  return join(dataDir, 'tokens.json');
}

function unusable(path: string, why: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('AOL_DATA_DIR', `AOL_DATA_DIR: the tokens in ${path} cannot be used: ${why}`, {
    cause,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
