/** How the client calls: time limits, repeats, and errors. */

import { type Problem, problemSchema } from './problem.ts';

export interface TransportOptions {
  /** `http://127.0.0.1:8321` */
  readonly baseUrl: string;
  readonly token?: string | undefined;
  /** Instead of the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** For one try, 10 s by default. */
  readonly timeoutMs?: number;
  /** How often a call that is safe to repeat is tried, 4 times by default. */
  readonly maxTries?: number;
}

export interface CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** Whether a second call does what one does. Reads are. */
  readonly repeatable?: boolean;
  /** A status besides 2xx whose body is an answer. */
  readonly alsoAccepts?: number;
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

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

export class HttpTransport {
  readonly #options: TransportOptions;
  readonly #baseUrl: string;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#baseUrl = options.baseUrl.replace(/\/+$/, '');
  }

  /**
   * @throws AolApiError when the server refuses
   * @throws AolUnreachableError when there is no answer
   */
  async call(options: CallOptions): Promise<Response> {
    const repeatable = options.repeatable ?? (options.method ?? 'GET') === 'GET';
    const maxTries = repeatable ? (this.#options.maxTries ?? 4) : 1;
    for (let tries = 1; ; tries += 1) {
      const last = tries >= maxTries;
      const response = await this.#send(options).catch((error: unknown) => {
        if (last) throw error;
        return undefined;
      });
      if (response && (response.ok || response.status === options.alsoAccepts)) return response;
      if (response && (last || response.status !== 503)) throw await refusal(response);
      await response?.body?.cancel();
      await pause(tries, response?.headers.get('retry-after'));
    }
  }

  async #send({ method = 'GET', path, query = {}, body }: CallOptions): Promise<Response> {
    const url = new URL(`${this.#baseUrl}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { accept: 'application/json, application/problem+json' };
    if (this.#options.token !== undefined) headers.authorization = `Bearer ${this.#options.token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const send = this.#options.fetch ?? globalThis.fetch;
    try {
      return await send(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(this.#options.timeoutMs ?? 10_000),
      });
    } catch (error) {
      throw new AolUnreachableError(this.#baseUrl, { cause: error });
    }
  }
}

async function refusal(response: Response): Promise<AolApiError> {
  const answer: unknown = await response.json().catch(() => undefined);
  const parsed = problemSchema.safeParse(answer);
  if (parsed.success) return new AolApiError(parsed.data);
  return AolApiError.unexpected(response.status, `the server answered ${response.status} without a reason`);
}

/** Waits as long as the server asks for, within limits, else longer each time and never in step with others. */
function pause(tries: number, retryAfter: string | null | undefined): Promise<void> {
  const askedMs = Number(retryAfter ?? Number.NaN) * 1_000;
  const stepMs = FIRST_PAUSE_MS * 2 ** (tries - 1);
  const pauseMs = Number.isFinite(askedMs) && askedMs >= 0 ? askedMs : stepMs / 2 + Math.random() * stepMs;
  return new Promise((resolve) => setTimeout(resolve, Math.min(MAX_PAUSE_MS, pauseMs)));
}
