/** Makes our search attributes known to the server, where it lets us. */

import { setTimeout as delay } from 'node:timers/promises';
import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../contracts/names.ts';
import { errorText } from '../domain/errors.ts';
import type { WorkerLog } from './log.ts';

const KEYWORD = 2;
const CALL_LIMIT_MS = 5_000;
/** The server's own services learn of a new attribute when they read the namespace again; until then a run that sets it is held up. */
const SPREAD_MS = 20_000;

/**
 * Registers what is missing, and tells once runs may set the attributes: at once where they were known before. A server that
 * refuses (Temporal Cloud has its own way) is left alone. Never throws.
 */
export async function registerSearchAttributes(options: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly log: WorkerLog;
  readonly signal: AbortSignal;
  readonly onUsable: () => void;
}): Promise<void> {
  const { connection, namespace, log, signal, onUsable } = options;
  const call = <Answer>(work: () => Promise<Answer>) => connection.withDeadline(Date.now() + CALL_LIMIT_MS, work);
  try {
    const { customAttributes } = await call(() => connection.operatorService.listSearchAttributes({ namespace }));
    const missing = Object.values(SEARCH_ATTRIBUTES).filter((name) => customAttributes?.[name] === undefined);
    if (missing.length > 0) {
      const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
      await call(() => connection.operatorService.addSearchAttributes({ namespace, searchAttributes }));
      log.info({ searchAttributes: missing }, 'search attributes were registered');
      await delay(SPREAD_MS, undefined, { signal, ref: false });
    }
    onUsable();
  } catch (error) {
    if (signal.aborted) return;
    log.info(
      { error: errorText(error, 300) },
      'runs have no search attributes: the server does not let us register them',
    );
  }
}
