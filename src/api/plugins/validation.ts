/** Zod at the border: what comes in is checked without coercion, what goes out is cut to its schema. */

import type { FastifyRequest, FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify';
import { ResponseSerializationError } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { parseJsonText } from '../../contracts/http/json-text.ts';
import { fieldProblems } from '../../contracts/http/problem.ts';
import { InvalidRequestError } from '../../domain/errors.ts';
import type { FairQueue } from '../access/fair-queue.ts';
import type { Api } from '../context.ts';

const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const check = checkBy(schema);
  return (data: unknown) => {
    const result = check(data);
    if (result.success) return { value: result.data };
    return { error: invalidRequest(result.error, httpPart ?? '') };
  };
};

/** Nothing that goes out is transformed: a schema says what a value is, and which of its fields are told. */
const serializerCompiler: FastifySerializerCompiler<z.ZodType> = ({ schema, method, url }) => {
  const check = checkBy(schema);
  return (data: unknown) => {
    const result = check(data);
    if (result.success) return JSON.stringify(result.data);
    throw new ResponseSerializationError(method, url, { cause: result.error });
  };
};

/** Checks by a schema that is compiled when it is first needed: that takes milliseconds, and makes each check several times quicker. */
export function checkBy<Schema extends z.ZodType>(
  schema: Schema,
): (value: unknown) => z.ZodSafeParseResult<z.output<Schema>> {
  let compiled: Schema | undefined;
  return (value) => {
    compiled ??= z.compile(schema);
    return compiled.safeParse(value);
  };
}

/** What zod found, as our error. `whole` names the value itself, when that is what is wrong. */
export function invalidRequest(error: z.ZodError, whole: string): InvalidRequestError {
  const problems = fieldProblems(error).map(({ field, rule }) => ({ field: field || whole, rule }));
  const [first] = problems;
  return new InvalidRequestError(first ? `${first.field}: ${first.rule}` : 'the request is malformed', problems);
}

/** Parsed in no time worth waiting for. */
const SMALL_BODY_BYTES = 1_024;

/** Only `application/json` as it is, not compressed, is understood; anything else with a body is 415. */
export function addValidation(app: Api, turns: FairQueue): void {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeAllContentTypeParsers();
  app.addHook('preParsing', async ({ headers }) => {
    const encoding = headers['content-encoding'];
    if (encoding === undefined || encoding === 'identity') return;
    throw Object.assign(new Error('a body must not be compressed (Content-Encoding)'), { statusCode: 415 });
  });
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer): Promise<unknown> => {
      const { bodyOptional, parseBody } = request.routeOptions.config;
      if (body.length === 0 && bodyOptional) return undefined;
      if (parseBody) return parseBody(body, request);
      if (body.length > SMALL_BODY_BYTES) await turns.turn();
      return parseJsonText(body);
    },
  );
  app.addHook('preValidation', async (request) => {
    if (request.body === undefined && request.routeOptions.config.bodyOptional) request.body = {};
  });
}
