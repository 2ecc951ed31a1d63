/** The OpenAPI description: what the routes' schemas say, with every answer that a route may give besides. */

import swagger from '@fastify/swagger';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { isObject } from '../../contracts/http/json.ts';
import { CSRF_HEADER, SESSION_COOKIE } from '../../contracts/http/session.ts';
import { rolesWith } from '../../domain/roles.ts';
import type { RouteRight } from '../access/route-rights.ts';
import type { Api, ApiContext } from '../context.ts';
import { refTo } from './components.ts';
import { type DeclaredRoute, openApiPath, type RouteTable } from './route-table.ts';

/** JSON Schema and OpenAPI, as far as this file changes them. */
export type Description = Record<string, unknown>;

/** What @fastify/swagger says where nothing is said. */
const UNDESCRIBED = 'Default Response';
const SUCCESSES = { 200: 'Done', 201: 'New', 204: 'Done, and nothing to say', 303: 'A browser goes on there' } as const;
const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'Malformed: wrong type, unknown field, out of bounds',
  401: 'No token, or one that is not known or has ended',
  403: 'The token’s role, lanes or types do not allow this, or another site’s page asked for it',
  404: 'There is no such thing',
  409: 'Another request has the key, or the present state forbids it',
  413: 'The body is too large',
  415: 'Only application/json is understood',
  422: 'Well formed, but the payload fails its type’s schema, or the lane does not exist',
  429: 'Too many calls, or the queue is full',
  431: 'The address and the headers are too long together',
  500: 'A defect of ours, or a damaged artifact',
  503: 'A server that we need is away, or too many calls came at once; make the same call again',
};
const WITH_RETRY_AFTER: ReadonlySet<number> = new Set([429, 503]);
const RETRY_AFTER = {
  'retry-after': { description: 'Seconds until the call is worth repeating', schema: { type: 'integer' } },
} as const;

/** To be called before the routes are declared. */
export async function addOpenApi(app: Api): Promise<void> {
  const options = { zodToJsonConfig: { unrepresentable: 'any' } } as const;
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'AOL',
        version: '1',
        description: 'The Autonomy Orchestration Layer: queue actions, see what would be sent, allow it, stop it.',
      },
      security: [{ bearer: [] }, { session: [], csrf: [] }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
          csrf: { type: 'apiKey', in: 'header', name: CSRF_HEADER },
        },
      },
    },
    transform: createJsonSchemaTransform(options),
    transformObject: createJsonSchemaTransformObject(options),
  });
}

/** The whole description, once all routes are there. */
export function describeApi(app: Api, routes: RouteTable, { contracts }: Pick<ApiContext, 'contracts'>): Description {
  const document = copied({ ...app.swagger() });
  for (const route of routes) {
    const operation = at(document, 'paths', openApiPath(route.url), route.method.toLowerCase());
    if (operation) describeOperation(operation, route);
  }
  nameRequests(document, contracts);
  dropUnused(document);
  return document;
}

/**
 * Without `readOnly`. zod says it of arrays that our own code does not change; OpenAPI means by it what nobody may send, and programs made
 * from the description would leave it out.
 */
function copied(document: Description): Description {
  return JSON.parse(JSON.stringify(document), (name, value: unknown) =>
    name === 'readOnly' && value === true ? undefined : value,
  );
}

/** A body that is bytes, of whatever type. */
const ANY_BYTES = { content: { '*/*': { schema: { type: 'string', format: 'binary' } } } };

function describeOperation(operation: Description, route: DeclaredRoute): void {
  const { method, url, right } = route;
  operation.operationId = operationId(method, url);
  operation.tags = [tag(url)];
  operation.description = whoMay(right);
  if (right === 'public') operation.security = [];
  if (route.rawBody) operation.requestBody = ANY_BYTES;
  const body = at(operation, 'requestBody');
  if (body) body.required = !route.bodyOptional;
  const responses = at(operation, 'responses') ?? {};
  for (const [status, description] of Object.entries(SUCCESSES)) {
    const success = at(responses, status);
    if (success?.description === UNDESCRIBED) success.description = description;
  }
  for (const status of statusesOf(route, 'requestBody' in operation)) {
    responses[status] ??= problemResponse(status);
    if (WITH_RETRY_AFTER.has(status)) Object.assign(at(responses, String(status)) ?? {}, { headers: RETRY_AFTER });
  }
  operation.responses = responses;
}

function whoMay(right: RouteRight): string {
  if (right === 'public') return 'Needs no token.';
  const roles = rolesWith(right);
  return roles.length === 1 ? `Needs the role ${roles[0]}.` : `Needs one of the roles ${roles.join(', ')}.`;
}

function statusesOf({ right, problems }: DeclaredRoute, hasBody: boolean): number[] {
  return [400, ...(right === 'public' ? [] : [401]), 403, ...(hasBody ? [413, 415] : []), 429, 431, 503, ...problems];
}

function problemResponse(status: number): Description {
  return {
    description: PROBLEMS[status] ?? 'Refused',
    content: { 'application/problem+json': { schema: refTo('Problem') } },
  };
}

/** One request for each type, with the payload of that type; what they share is the same. */
function nameRequests(document: Description, contracts: ApiContext['contracts']): void {
  const request = bodySchema(at(document, 'paths', '/v1/actions', 'post'));
  const schemas = at(document, 'components', 'schemas');
  if (!request || !schemas) return;
  const properties = at(request, 'properties') ?? {};
  const mapping: Record<string, string> = {};
  for (const { type, jsonSchema = {} } of contracts.values()) {
    const name = pascalCase(type);
    const { $schema: _schema, ...payload } = jsonSchema;
    schemas[`${name}Payload`] = payload;
    schemas[`New${name}`] = {
      ...request,
      title: type,
      properties: { ...properties, type: { const: type }, payload: refTo(`${name}Payload`) },
    };
    mapping[type] = refTo(`New${name}`).$ref;
  }
  const oneOf = Object.values(mapping).map(($ref) => ({ $ref }));
  schemas.NewAction = { oneOf, discriminator: { propertyName: 'type', mapping } };
  const content = at(document, 'paths', '/v1/actions', 'post', 'requestBody', 'content', 'application/json');
  if (content) content.schema = refTo('NewAction');
}

/** `POST_SOCIAL` → `PostSocial` */
function pascalCase(type: string): string {
  return type.toLowerCase().replaceAll(/(?:^|_)([a-z0-9])/gu, (_match, letter: string) => letter.toUpperCase());
}

/** Each schema is made for what comes in and for what goes out; what nothing names is left out. */
function dropUnused(document: Description): void {
  const schemas = at(document, 'components', 'schemas') ?? {};
  const used = new Set<string>();
  const look = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/gu)) {
      if (used.has(name)) continue;
      used.add(name);
      look(schemas[name] ?? {});
    }
  };
  look(document.paths);
  const kept = Object.entries(schemas).filter(([name]) => used.has(name));
  Object.assign(at(document, 'components') ?? {}, {
    schemas: Object.fromEntries(kept.sort(([one], [other]) => (one < other ? -1 : 1))),
  });
}

function bodySchema(operation: Description | undefined): Description | undefined {
  return operation && at(operation, 'requestBody', 'content', 'application/json', 'schema');
}

function operationId(method: string, url: string): string {
  const words = `${method.toLowerCase()}${url.replace('/v1', '')}`.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word, index) => (index === 0 ? word : `${word[0]?.toUpperCase()}${word.slice(1)}`)).join('');
}

function tag(url: string): string {
  return /^\/v1\/([a-z]+)/.exec(url)?.[1] ?? 'server';
}

function at(value: Description, ...path: readonly string[]): Description | undefined {
  let found: unknown = value;
  for (const name of path) found = isObject(found) ? found[name] : undefined;
  return isObject(found) ? found : undefined;
}
