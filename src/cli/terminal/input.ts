/** Text that comes from a file or from stdin. */

import { readFile } from 'node:fs/promises';
import { errorText } from '../../domain/errors.ts';
import { UsageError } from '../errors.ts';
import type { CliIo } from './io.ts';

/**
 * The text, without a byte order mark.
 *
 * @param source a path, or `-` for stdin
 * @param option what names it, for messages
 * @throws UsageError when it cannot be read, or is not UTF-8
 */
export async function readText(io: Pick<CliIo, 'readStdin'>, source: string, option: string): Promise<string> {
  const bytes = source === '-' ? await io.readStdin() : await readBytes(source, option);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${option} is not UTF-8; nothing was done`);
  }
}

async function readBytes(path: string, option: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new UsageError(`${option}: ${errorText(error)}`, { cause: error });
  }
}
