/** `CALL_WEBHOOK`: one request over HTTP with a JSON body. */

import { z } from 'zod';
import { parseDurationMs } from '../../domain/ages.ts';
import { type JsonValue, jsonProblem, storableText } from '../http/json.ts';
import { OWN_HEADER } from '../names.ts';
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
const SECRET_HEADER =
  /^(?:proxy-.*|(?:.*-)?(?:api-?key|authentication|authorization|cookie2?|credentials?|password|secret|token)(?:-.*)?)$/u;
const JSON_MEDIA_TYPE = /^application\/(?:[a-z0-9][a-z0-9!#$&^_.-]{0,80}\+)?json(?: ?; ?charset=utf-8)?$/iu;

const urlSchema = storableText(1, MAX_URL_LENGTH)
  .superRefine((url, context) => {
    const rule = urlProblem(url);
    if (rule) context.addIssue({ code: 'custom', message: rule });
  })
  .meta({ format: 'uri', title: 'Address', description: 'Where the request goes.' });

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

/** For how long a receiver remembers a key where the payload says no more than `true`. */
const DEDUPES_MS = 3_600_000;
const MIN_DEDUPES_MS = 60_000;
const MAX_DEDUPES_MS = 30 * 24 * 3_600_000;
const DEDUPES_RULE = 'must be true, false, or a duration from 1m to 30d: 10m, 24h, 7d';

const dedupesSchema = z
  .union(
    [
      z.boolean(),
      z
        .string()
        .regex(/^[1-9][0-9]{0,4}[smhd]$/u, { message: DEDUPES_RULE })
        .refine(isWithinBounds, { message: DEDUPES_RULE }),
    ],
    { error: DEDUPES_RULE },
  )
  .meta({
    title: 'The receiver dedupes for',
    default: false,
    description:
      'For how long the receiver performs a request once, however often it comes: true (1 hour), 10m, 24h, 7d.',
  });

function isWithinBounds(text: string): boolean {
  const durationMs = parseDurationMs(text);
  return durationMs === undefined || (durationMs >= MIN_DEDUPES_MS && durationMs <= MAX_DEDUPES_MS);
}

const fieldsSchema = z.strictObject({
  url: urlSchema,
  method: z.enum(WEBHOOK_METHODS).meta({ title: 'Method', default: 'POST' }).optional(),
  headers: headersSchema
    .meta({ title: 'Headers', description: 'By name. No secrets: they would be stored.' })
    .optional(),
  /** With GET it must be null. Null with GET or DELETE sends no body. */
  body: bodySchema.meta({ title: 'Body', description: 'null where nothing is sent, as with GET.' }),
  /** For so long the receiver performs a request once, however often it comes with the same `webhook-id`. */
  dedupes: dedupesSchema.optional(),
});

export type CallWebhook = z.infer<typeof fieldsSchema>;

/** From the first attempt on; undefined where the receiver promises nothing. */
export function dedupeWindowMs({ dedupes = false }: Pick<CallWebhook, 'dedupes'>): number | undefined {
  return typeof dedupes === 'string' ? parseDurationMs(dedupes) : dedupes ? DEDUPES_MS : undefined;
}

export const callWebhookSchema = fieldsSchema.superRefine(({ method, body }, context) => {
  if (method === 'GET' && body !== null) {
    context.addIssue({ code: 'custom', message: 'must be null with GET, which sends no body', path: ['body'] });
  }
});

export const callWebhookContract: ActionContract<CallWebhook> = {
  type: 'CALL_WEBHOOK',
  title: 'Call a webhook',
  payload: callWebhookSchema,
  example: { url: 'https://example.com/hooks/orders', method: 'POST', body: { order: 42 }, dedupes: '24h' },
  performs: true,
  redelivery: 'depends',
  limits: { url: `${MAX_URL_LENGTH} characters`, headers: `${MAX_HEADERS}`, payload: '64 KiB as JSON' },
};
