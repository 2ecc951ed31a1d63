/** Zod at the border: what comes in is checked without coercion, what goes out is cut to its schema. */

import type { FastifyRequest, FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify';
import { ResponseSerializationError } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { parseJsonText } from '../../contracts/http/json-text.ts';
import { fieldProblems } from '../../contracts/http/problem.ts';
import { InvalidRequestError } from '../../domain/errors.ts';
import { MAX_JSON_DEPTH } from '../../domain/limits.ts';
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

/** Only `application/json` is understood; anything else with a body is 415. */
export function addValidation(app: Api): void {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseBody);
  app.addHook('preValidation', async (request) => {
    if (request.body === undefined && request.routeOptions.config.bodyOptional) request.body = {};
  });
}

async function parseBody(request: FastifyRequest, body: Buffer): Promise<unknown> {
  const { bodyOptional, extraDepth = 0 } = request.routeOptions.config;
  return body.length === 0 && bodyOptional ? undefined : parseJsonText(body, MAX_JSON_DEPTH + extraDepth);
}
