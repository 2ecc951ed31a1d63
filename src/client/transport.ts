/** How the client calls: who it is, time limits, repeats, and errors. */

import { type Problem, problemSchema } from '../contracts/http/problem.ts';
import { isPrivateWay } from '../domain/addresses.ts';
import { TimeLimit } from './time-limit.ts';

export interface TransportOptions {
  /** `http://127.0.0.1:8321`; in a page `location.origin`. */
  readonly baseUrl: string;
  /** A bearer token. It leaves this machine by https only. In a page the session's cookie stands for it. */
  readonly token?: string | undefined;
  /** Goes with every change under a session's cookie; `signIn` and `session` of the client keep it up to date. */
  readonly csrfToken?: string | null | undefined;
  /** Whether cookies go along, by fetch's own rules; `same-origin` where it is not said. */
  readonly credentials?: RequestCredentials;
  /** Instead of the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** For one try, 10 s by default. */
  readonly timeoutMs?: number;
  /** How often a call that is safe to repeat is tried, 4 times by default. */
  readonly maxTries?: number;
}

export interface CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** A list goes as its words, separated by commas. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly body?: unknown;
  /** Sent as it is, instead of a JSON body. */
  readonly rawBody?: { readonly bytes: Uint8Array; readonly mediaType: string };
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether a second call does what one does. Reads are. */
  readonly repeatable?: boolean;
  /** A status besides 2xx whose body is an answer. */
  readonly alsoAccepts?: number;
  /** For one try, where the server itself waits. */
  readonly timeoutMs?: number;
  /** Ends the call, and the reading of its body. */
  readonly signal?: AbortSignal | undefined;
  /** For an answer that goes on for ever: the caller's signal is its only limit. */
  readonly isStream?: boolean;
}

/** The server refused, and says why. */
export class AolApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'AolApiError';
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }

  /** For answers that are not the server's own, such as a proxy's. */
  static unexpected(status: number, detail: string): AolApiError {
    return new AolApiError({
      type: 'urn:aol:error:AOL_UNEXPECTED_ANSWER',
      title: 'Unexpected answer',
      status,
      detail,
      code: 'AOL_UNEXPECTED_ANSWER',
    });
  }
}

/** There was no answer: refused, cut off or too late. Whether the call arrived is not known. */
export class AolUnreachableError extends Error {
  readonly url: string;

  constructor(url: string, options?: ErrorOptions) {
    super(`no answer from ${url}`, options);
    this.name = 'AolUnreachableError';
    this.url = url;
  }
}

/** A token would leave this machine over plain http, where everybody on the way can read it. Nothing was sent. */
export class AolInsecureAddressError extends Error {
  readonly code = 'AOL_INSECURE_ADDRESS';
  readonly url: string;

  constructor(url: string) {
    super(`${url} is not on this machine, and a token goes there by https only`);
    this.name = 'AolInsecureAddressError';
    this.url = url;
  }
}

interface Failed {
  readonly error: AolApiError | AolUnreachableError;
  /** Whether the same call may do better a moment later. */
  readonly isPassing: boolean;
  readonly retryAfter?: string | null;
}

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;
/** Answers after which the same call may do better: too many calls, or a server behind the API, or the API itself, is away. */
const PASSING = [429, 502, 503, 504];

export class HttpTransport {
  readonly #options: TransportOptions;
  readonly #baseUrl: string;
  /** The session's, as soon as there is one. */
  csrfToken: string | null;

  /** @throws AolInsecureAddressError when the token would leave this machine in the clear */
  constructor(options: TransportOptions) {
    this.#options = options;
    this.#baseUrl = options.baseUrl.replace(/\/+$/, '');
    this.csrfToken = options.csrfToken ?? null;
    if (options.token !== undefined) this.assertPrivate();
  }

  /** For one try. */
  get timeoutMs(): number {
    return this.#options.timeoutMs ?? 10_000;
  }

  /** @throws AolInsecureAddressError when what is sent can be read on the way */
  assertPrivate(): void {
    if (!isPrivateWay(this.#baseUrl)) throw new AolInsecureAddressError(this.#baseUrl);
  }

  /**
   * Calls, and reads the answer by `read`. An answer that breaks off or comes too late is no answer.
   *
   * @throws AolApiError when the server refuses
   * @throws AolUnreachableError when there is no answer
   * @throws whatever the caller's signal was aborted with
   */
  async call<Answer>(options: CallOptions, read: (response: Response) => Promise<Answer>): Promise<Answer> {
    const repeatable = options.repeatable ?? (options.method ?? 'GET') === 'GET';
    const request = this.#request(options);
    const maxTries = repeatable ? (this.#options.maxTries ?? 4) : 1;
    for (let tries = 1; ; tries += 1) {
      const result = await this.#try(request, options, read).catch((error: unknown): Failed => {
        options.signal?.throwIfAborted();
        return { error: new AolUnreachableError(this.#baseUrl, { cause: error }), isPassing: true };
      });
      if ('answer' in result) return result.answer;
      if (tries >= maxTries || !result.isPassing) throw result.error;
      await pauseBefore(tries, { retryAfter: result.retryAfter, signal: options.signal });
    }
  }

  async #try<Answer>(
    request: { readonly url: URL; readonly init: RequestInit },
    options: CallOptions,
    read: (response: Response) => Promise<Answer>,
  ): Promise<{ readonly answer: Answer } | Failed> {
    const { signal, isStream, timeoutMs = this.timeoutMs } = options;
    if (isStream) return this.#send(request, options, read);
    const limit = new TimeLimit(timeoutMs, signal);
    try {
      return await Promise.race([limit.reached, this.#send(request, { ...options, signal: limit.signal }, read)]);
    } finally {
      limit.close();
    }
  }

  async #send<Answer>(
    { url, init }: { readonly url: URL; readonly init: RequestInit },
    { signal, alsoAccepts }: CallOptions,
    read: (response: Response) => Promise<Answer>,
  ): Promise<{ readonly answer: Answer } | Failed> {
    const send = this.#options.fetch ?? globalThis.fetch;
    const response = await send(url, signal ? { ...init, signal } : init);
    if (response.ok || response.status === alsoAccepts) return { answer: await read(response) };
    return {
      error: await refusal(response),
      isPassing: PASSING.includes(response.status),
      retryAfter: response.headers.get('retry-after'),
    };
  }

  #request({ path, query = {}, ...options }: CallOptions): { readonly url: URL; readonly init: RequestInit } {
    const url = new URL(`${this.#baseUrl}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const { method = 'GET', body, rawBody } = options;
    const { credentials } = this.#options;
    const init = {
      method,
      headers: this.#headers(options),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(rawBody === undefined ? {} : { body: new Uint8Array(rawBody.bytes) }),
      ...(credentials === undefined ? {} : { credentials }),
      redirect: 'error',
    } as const;
    return { url, init };
  }

  #headers({ method = 'GET', body, rawBody, headers }: Omit<CallOptions, 'path' | 'query'>): Record<string, string> {
    const { token } = this.#options;
    return {
      accept: 'application/json, application/problem+json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(this.csrfToken === null || method === 'GET' ? {} : { 'x-csrf-token': this.csrfToken }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(rawBody === undefined ? {} : { 'content-type': rawBody.mediaType }),
      ...headers,
    };
  }
}

/** Its status says that the server refused, even where the reason breaks off. */
async function refusal(response: Response): Promise<AolApiError> {
  const parsed = problemSchema.safeParse(parsedJson(await response.text().catch(() => '')));
  if (parsed.success) return new AolApiError(parsed.data);
  return AolApiError.unexpected(response.status, `the server answered ${response.status} without a reason`);
}

/** What a text says as JSON; undefined when it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Waits as long as the server asks for, within limits, else longer each time and never in step with others.
 *
 * @param tries how many have failed
 * @throws whatever the signal was aborted with
 */
export async function pauseBefore(
  tries: number,
  how: { readonly retryAfter?: string | null | undefined; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const askedMs = Number(how.retryAfter ?? Number.NaN) * 1_000;
  const stepMs = FIRST_PAUSE_MS * 2 ** Math.min(tries - 1, 10);
  const pauseMs = Number.isFinite(askedMs) && askedMs >= 0 ? askedMs : stepMs / 2 + Math.random() * stepMs;
  const { signal } = how;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(MAX_PAUSE_MS, pauseMs));
    signal?.addEventListener('abort', done);
    if (signal?.aborted) done();
  });
  signal?.throwIfAborted();
}
