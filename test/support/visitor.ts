/** A browser as far as signing in needs one: it keeps cookies, follows redirects, and remembers where it went. */

export interface Seen {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const MOST_REDIRECTS = 10;

export class Visitor {
  /** By origin, name and value. */
  readonly #cookies = new Map<string, Map<string, string>>();
  /** Addresses in the order of the visits. */
  readonly visited: string[] = [];

  cookie(origin: string, name: string): string | undefined {
    return this.#jar(origin).get(name);
  }

  setCookie(origin: string, name: string, value: string): void {
    this.#jar(origin).set(name, value);
  }

  /** Goes there, and on to wherever it is sent. */
  async visit(
    url: string,
    options: { readonly form?: Record<string, string>; readonly stopAt?: string } = {},
  ): Promise<Seen> {
    let [address, form] = [url, options.form];
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const response = await this.#ask(address, form);
      const location = response.headers.get('location');
      const next = location === null ? undefined : new URL(location, address).href;
      const seen = { url: address, status: response.status, headers: response.headers, text: await response.text() };
      if (next === undefined) return seen;
      if (options.stopAt !== undefined && next.startsWith(options.stopAt)) return { ...seen, url: next };
      [address, form] = [next, undefined];
    }
    throw new Error(`redirected without end: ${this.visited.slice(-MOST_REDIRECTS).join(' → ')}`);
  }

  async #ask(address: string, form: Record<string, string> | undefined): Promise<Response> {
    this.visited.push(address);
    const { origin } = new URL(address);
    const jar = this.#jar(origin);
    const response = await fetch(address, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '), 'user-agent': 'Visitor/1' },
      ...(form && { body: new URLSearchParams(form) }),
    });
    for (const set of response.headers.getSetCookie()) {
      const [pair = ''] = set.split(';');
      const [name = '', ...value] = pair.split('=');
      if (/(?:Max-Age=0|1970)/iu.test(set)) jar.delete(name);
      else jar.set(name, value.join('='));
    }
    return response;
  }

  #jar(origin: string): Map<string, string> {
    const jar = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, jar);
    return jar;
  }
}
