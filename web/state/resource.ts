/** Data of the server as a part of the page shows it: read, kept fresh, and how old it is. */

import { type ReadonlySignal, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { LogEntry } from '../../src/contracts/http/log.ts';
import { isStatus } from './errors.ts';
import { listen } from './live.ts';

export interface Resource<Data> {
  /** What `data` answers. */
  readonly key: string | undefined;
  /** What was read last. It stays while it is read again, and when that fails. */
  readonly data: Data | undefined;
  /** Why the last reading failed; undefined when it did not. */
  readonly error: unknown;
  /** Whether what is shown is for another address or filter than asked for now. */
  readonly isOld: boolean;
  readonly loadedAt: number | undefined;
  readonly reload: () => void;
}

interface Options {
  /** Which rows of the log make what is shown old; absent: all. */
  readonly isAbout?: (entry: LogEntry) => boolean;
  /** It is also read that often, for what no row tells. */
  readonly everyMs?: number;
  /** Off while somebody reads what must not move. */
  readonly isLive?: boolean;
}

const MIN_GAP_MS = 400;
/** A server that takes long is asked less often, so that no page asks for more than a third of its time. */
const GAP_FACTOR = 2;
const RETRY_MS = 3_000;

/** Reads once for each `key`, and again after what `options` name. Answers of outdated questions are dropped. */
export function useResource<Data>(key: string, load: () => Promise<Data>, options: Options = {}): Resource<Data> {
  const reader = useMemo(() => new Reader<Data>(), []);
  reader.load = load;
  reader.isAbout = options.isAbout;
  const { everyMs, isLive = true } = options;
  useEffect(() => {
    if (!isLive && reader.state.peek().key === key) {
      reader.stop();
      return;
    }
    reader.ask(key);
    if (!isLive) return;
    const stopListening = listen((entries) => reader.hear(entries));
    const timer = everyMs === undefined ? undefined : setInterval(() => reader.refresh(), everyMs);
    return () => {
      stopListening();
      clearInterval(timer);
    };
  }, [reader, key, everyMs, isLive]);
  useEffect(() => () => reader.stop(), [reader]);
  return { ...reader.state.value, isOld: reader.state.value.key !== key, reload: reader.reload };
}

interface State<Data> {
  readonly key: string | undefined;
  readonly data: Data | undefined;
  readonly error: unknown;
  readonly loadedAt: number | undefined;
}

/** One reading at a time, with pauses between them; what is asked in a pause is read at its end. */
export class Reader<Data> {
  load: () => Promise<Data> = () => Promise.reject(new Error('nothing to read'));
  isAbout: ((entry: LogEntry) => boolean) | undefined;

  readonly #state = signal<State<Data>>({ key: undefined, data: undefined, error: undefined, loadedAt: undefined });
  #key = '';
  #round = 0;
  #isReading = false;
  #isWanted = false;
  #notBefore = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  get state(): ReadonlySignal<State<Data>> {
    return this.#state;
  }

  readonly reload = (): void => {
    this.#notBefore = 0;
    this.refresh();
  };

  /** Another question: it is asked at once, and whatever is on its way is for nothing. */
  ask(key: string): void {
    this.stop();
    this.#key = key;
    this.#notBefore = 0;
    this.refresh();
  }

  hear(entries: readonly LogEntry[]): void {
    if (entries.length === 0 || !this.isAbout || entries.some(this.isAbout)) this.refresh();
  }

  refresh(): void {
    this.#isWanted = true;
    this.#schedule();
  }

  /** What is shown stays as it is: the answer of a reading that is on its way is dropped, and no other reading waits for it. */
  stop(): void {
    this.#round += 1;
    this.#isReading = false;
    this.#isWanted = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#isReading) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(), Math.max(0, this.#notBefore - performance.now()));
  }

  async #read(): Promise<void> {
    this.#timer = undefined;
    this.#isWanted = false;
    this.#isReading = true;
    const round = this.#round;
    const key = this.#key;
    const startedAt = performance.now();
    let gapMs = RETRY_MS;
    try {
      const data = await this.load();
      if (round !== this.#round) return;
      this.#state.value = { key, data, error: undefined, loadedAt: Date.now() };
      gapMs = Math.max(MIN_GAP_MS, (performance.now() - startedAt) * GAP_FACTOR);
    } catch (error) {
      if (round !== this.#round) return;
      const known = this.#state.value;
      // What was asked for is not there: what was shown before would be another thing.
      const isGone = known.key !== key || isStatus(error, 404);
      this.#state.value = isGone ? { key, data: undefined, error, loadedAt: undefined } : { ...known, error };
      this.#isWanted = ![400, 401, 403, 404].some((status) => isStatus(error, status));
    }
    this.#isReading = false;
    this.#notBefore = performance.now() + gapMs;
    if (this.#isWanted) this.#schedule();
  }
}
