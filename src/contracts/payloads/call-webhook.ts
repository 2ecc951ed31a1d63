/** `CALL_WEBHOOK`: one request over HTTP with a JSON body. */

import { z } from 'zod';
import { type JsonValue, jsonProblem, storableText } from '../http/json.ts';
import type { ActionContract } from './contract.ts';
import { webAddressProblem } from './urls.ts';

export const WEBHOOK_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'] as const;

const MAX_URL_LENGTH = 2_000;
const MAX_HEADERS = 50;
const MAX_HEADER_NAME_LENGTH = 100;
const MAX_HEADER_VALUE_LENGTH = 2_000;

/** What sending decides: the frame of the request, and how its answer comes back. */
const FRAME_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** What AOL itself says: `idempotency-key`, `user-agent`, and every `webhook-…`. */
const OWN_HEADER = /^(?:idempotency-key|user-agent|webhook-.*)$/u;
const SECRET_HEADER =
  /^(?:proxy-.*|(?:.*-)?(?:api-?key|authentication|authorization|cookie2?|credentials?|password|secret|token)(?:-.*)?)$/u;
const JSON_MEDIA_TYPE = /^application\/(?:[a-z0-9][a-z0-9!#$&^_.-]{0,80}\+)?json(?: ?; ?charset=utf-8)?$/iu;

const urlSchema = storableText(1, MAX_URL_LENGTH)
  .superRefine((url, context) => {
    const rule = urlProblem(url);
    if (rule) context.addIssue({ code: 'custom', message: rule });
  })
  .meta({ format: 'uri' });

function urlProblem(text: string): string | undefined {
  const problem = webAddressProblem(text);
  if (problem) return problem;
  return text.includes('#') ? 'must not contain a fragment (#…): it is never sent' : undefined;
}

const headersSchema = z.record(z.string(), z.string()).superRefine((headers, context) => {
  const names = Object.keys(headers);
  if (names.length > MAX_HEADERS) {
    context.addIssue({ code: 'custom', message: `must have at most ${MAX_HEADERS} headers` });
    return;
  }
  for (const [index, name] of names.entries()) {
    const isRepeated = names.slice(0, index).some((other) => other.toLowerCase() === name.toLowerCase());
    const rule = isRepeated ? 'stands twice, in another case' : headerProblem(name.toLowerCase(), headers[name] ?? '');
    if (rule) context.addIssue({ code: 'custom', message: rule, path: [name] });
  }
});

function headerProblem(name: string, value: string): string | undefined {
  if (!/^[a-z0-9][a-z0-9!#$%&'*+.^_`|~-]*$/u.test(name) || name.length > MAX_HEADER_NAME_LENGTH) {
    return `must be named by letters, digits and dashes, ${MAX_HEADER_NAME_LENGTH} characters at most`;
  }
  if (FRAME_HEADERS.has(name)) return 'is set at sending, and must not be given';
  if (OWN_HEADER.test(name)) return 'is set by AOL, and must not be given';
  if (SECRET_HEADER.test(name)) return 'would put a secret into the artifact, and is not allowed';
  if (value.length > MAX_HEADER_VALUE_LENGTH || !/^(?:[!-~](?:[ -~]*[!-~])?)?$/u.test(value)) {
    return `must be printable ASCII without outer spaces, ${MAX_HEADER_VALUE_LENGTH} characters at most`;
  }
  if (name === 'content-type' && !JSON_MEDIA_TYPE.test(value)) return 'must be a JSON media type: the body is JSON';
  return undefined;
}

/** Where the body stands in an effect, whose depth is limited too. */
const PATH_IN_EFFECT = ['request', 'body'] as const;

const bodySchema = z
  .custom<JsonValue>((value) => value !== undefined, { message: 'is required' })
  .superRefine((value, context) => {
    const problem = jsonProblem(value, PATH_IN_EFFECT);
    if (!problem) return;
    const path = problem.path.slice(PATH_IN_EFFECT.length);
    context.addIssue({ code: 'custom', message: problem.rule, path });
  });

const fieldsSchema = z.strictObject({
  url: urlSchema,
  method: z.enum(WEBHOOK_METHODS).meta({ default: 'POST' }).optional(),
  headers: headersSchema.optional(),
  /** With GET it must be null. Null with GET or DELETE sends no body. */
  body: bodySchema,
  /** The receiver performs a request once, however often it comes with the same `webhook-id`. */
  dedupes: z.boolean().meta({ default: false }).optional(),
});

export type CallWebhook = z.infer<typeof fieldsSchema>;

export const callWebhookSchema = fieldsSchema.superRefine(({ method, body }, context) => {
  if (method === 'GET' && body !== null) {
    context.addIssue({ code: 'custom', message: 'must be null with GET, which sends no body', path: ['body'] });
  }
});

export const callWebhookContract: ActionContract<CallWebhook> = {
  type: 'CALL_WEBHOOK',
  title: 'Call a webhook',
  payload: callWebhookSchema,
  example: { url: 'https://example.com/hooks/orders', method: 'POST', body: { order: 42 }, dedupes: true },
  performs: true,
  redelivery: 'depends',
  limits: { url: `${MAX_URL_LENGTH} characters`, headers: `${MAX_HEADERS}`, payload: '64 KiB as JSON' },
};
