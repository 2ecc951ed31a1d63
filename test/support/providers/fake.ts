/** A provider's API as a table of routes: what a fake has to write itself is its provider's rules. */

import type { z } from 'zod';
import { matchPath } from './misbehaviour.ts';
import { type Answer, headerOf, type ProviderServer, type SeenRequest, serve } from './server.ts';

/** What a rule throws that is broken: the caller gets the answer. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

/** A request as a route sees it. */
export interface Call {
  readonly request: SeenRequest;
  readonly url: URL;
  /** What stood for `{}` in the route's path. */
  readonly parts: readonly string[];
  header(name: string): string | undefined;
  /** @throws Refusal, `malformed` of the API, when it is no such JSON */
  json<Schema extends z.ZodType>(schema: Schema): z.output<Schema>;
  form(): URLSearchParams;
  multipart(): Promise<FormData>;
}

export type Route = (call: Call) => Answer | Promise<Answer>;

export interface Api {
  /** `POST /2/tweets`, `GET /2/users/{}/tweets`. */
  readonly routes: Readonly<Record<string, Route>>;
  /** The answer to a path or a method that is not there. */
  readonly missing: Answer;
  readonly malformed: (reason: string) => Answer;
}

export async function startFake(api: Api): Promise<ProviderServer> {
  return serve(async (request) => {
    for (const [route, take] of Object.entries(api.routes)) {
      const [method, pattern = ''] = route.split(' ');
      const parts = method === request.method ? matchPath(pattern, request.path) : undefined;
      if (parts === undefined) continue;
      try {
        return await take(callOf(request, parts, api));
      } catch (thrown) {
        if (thrown instanceof Refusal) return thrown.answer;
        throw thrown;
      }
    }
    return api.missing;
  });
}

function callOf(request: SeenRequest, parts: readonly string[], api: Api): Call {
  const header = (name: string) => headerOf(request, name);
  return {
    request,
    parts,
    url: new URL(request.path, `http://${header('host') ?? '127.0.0.1'}`),
    header,
    json(schema) {
      const parsed = schema.safeParse(parseJson(request.body.toString('utf8')));
      if (parsed.success) return parsed.data;
      throw new Refusal(
        api.malformed(parsed.error.issues.map((one) => `${one.path.join('.')}: ${one.message}`).join('; ')),
      );
    },
    form: () => new URLSearchParams(request.body.toString('utf8')),
    async multipart() {
      const type = header('content-type') ?? '';
      return new Response(new Uint8Array(request.body), { headers: { 'content-type': type } }).formData();
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The token after `Bearer` or `Bot`. */
export function tokenOf(call: Call, scheme = 'Bearer'): string | undefined {
  const [found, token] = (call.header('authorization') ?? '').split(' ');
  return found === scheme ? token : undefined;
}

/** Numbers as text, each greater than the one before. */
export function createIds(first: bigint): () => string {
  let last = first;
  return () => {
    last += 7n;
    return String(last);
  };
}
