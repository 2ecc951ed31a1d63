/**
 * What happens, as it happens: one stream of log rows for the whole page. Rows are handed on in batches, and nothing here
 * keeps more than the last few hundred, so that a page which is open for a day stays as it was.
 */

import { signal } from '@preact/signals';
import type { AolEvent } from '../../src/client/client.ts';
import type { LogEntry } from '../../src/contracts/http/log.ts';
import { client } from './session.ts';

export type Connection = 'connecting' | 'live' | 'lost';
type Listener = (entries: readonly LogEntry[]) => void;

const BATCH_MS = 150;
const MAX_BATCH = 500;
const RETRY_MS = 2_000;

export const connection = signal<Connection>('connecting');

const listeners = new Set<Listener>();
let batch: LogEntry[] = [];
let flushing: ReturnType<typeof setTimeout> | undefined;

/** Hears of each batch of rows; an empty batch means that some may have been missed, and all is to be read again. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Reads the stream until `signal` ends it, over servers that go away and come back. */
export async function stayLive(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of client.events({ signal })) hear(event);
    } catch {
      // Refused for good, as after a restart of the server with other tokens: whoever reads data is told why.
      connection.value = 'lost';
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  batch = [];
  connection.value = 'connecting';
}

function hear(event: AolEvent): void {
  switch (event.kind) {
    case 'log':
      take(event.log);
      break;
    case 'lost':
      connection.value = 'lost';
      break;
    default:
      // What was shown may be older than the stream's beginning.
      connection.value = 'live';
      announce([]);
  }
}

function take(entry: LogEntry): void {
  batch.push(entry);
  if (batch.length > MAX_BATCH) batch.splice(0, batch.length - MAX_BATCH);
  if (flushing !== undefined) return;
  flushing = setTimeout(() => {
    const entries = batch;
    batch = [];
    flushing = undefined;
    announce(entries);
  }, BATCH_MS);
}

function announce(entries: readonly LogEntry[]): void {
  for (const listener of [...listeners]) listener(entries);
}
