/** An API for tests: a real database, no Temporal, artifacts in memory. */

import type { FastifyInstance } from 'fastify';
import type { Audit } from '../../src/api/access/audit.ts';
import { type ApiOptions, createApi } from '../../src/api/app.ts';
import { readMedia } from '../../src/artifacts/media.ts';
import { type CreateTokenRequest, createdTokenSchema } from '../../src/contracts/http/token.ts';
import { builtInContracts } from '../../src/contracts/payloads/index.ts';
import { createRenderer } from '../../src/worker/renderer.ts';
import { memoryBlobs } from './contexts.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { type Answer, type Call, call } from './http.ts';

export const TOKENS = {
  admin: 'test-admin-token-0123456789abcdef01',
  operator: 'test-operator-token-0123456789abcdef',
  viewer: 'test-viewer-token-0123456789abcdef01',
} as const;

export interface TestApi {
  readonly app: FastifyInstance;
  readonly audit: Audit;
  readonly url: string;
  call(call: Call): Promise<Answer>;
  readonly database: TestDatabase;
  /** URI → bytes. */
  readonly artifacts: Map<string, Buffer>;
  readonly wakes: string[];
  readonly controls: string[];
  close(): Promise<void>;
}

/** @param atPort a free one unless it has to be known before */
export async function createTestApi(overrides: Partial<ApiOptions> = {}, atPort = 0): Promise<TestApi> {
  const database = await createTestDatabase();
  const artifacts = new Map<string, Buffer>();
  const files = memoryBlobs();
  const blobs = {
    put: async (bytes: Uint8Array) => (await files.keep(bytes, 'application/octet-stream')).sha256,
    get: files.read,
  };
  const renderer = createRenderer({ adapterFiles: [], artifacts: 'file:/nowhere' });
  const wakes: string[] = [];
  const controls: string[] = [];
  const app = await createApi({
    database: database.pool,
    contracts: builtInContracts,
    tokens: TOKENS,
    artifacts: {
      get: (uri) => {
        const bytes = artifacts.get(uri);
        return bytes ? Promise.resolve(bytes) : Promise.reject(new Error(`no artifact ${uri}`));
      },
    },
    blobs: { ...blobs, readMedia },
    waker: { wake: (lane) => wakes.push(lane), signalControl: (lanes) => controls.push(...lanes) },
    temporal: {
      health: () => Promise.resolve({ ok: false, detail: 'not here', latencyMs: null }),
      link: (workflowId, runId) => `http://temporal.test/${workflowId}/${runId}`,
    },
    renderer,
    hostNames: ['localhost', '127.0.0.1'],
    ...overrides,
  });
  await app.listen({ host: '127.0.0.1', port: atPort });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    app,
    audit: app.audit,
    url: `http://127.0.0.1:${port}`,
    call: (options) => call(port, options),
    database,
    artifacts,
    wakes,
    controls,
    async close() {
      try {
        await app.close();
        await renderer.close();
      } finally {
        await database.drop();
      }
    },
  };
}

export const POST = { platform: 'bluesky', content: 'Hello' } as const;

/** Headers of a call with a token and a JSON body. */
export function as(role: keyof typeof TOKENS): Record<string, string> {
  return { authorization: `Bearer ${TOKENS[role]}` };
}

/** Makes a named token, as an admin does; answers the headers of a call with it. */
export async function namedToken(api: TestApi, asked: CreateTokenRequest): Promise<Record<string, string>> {
  const answer = await postRaw(api, '/v1/tokens', JSON.stringify(asked), as('admin'));
  return { authorization: `Bearer ${createdTokenSchema.parse(answer.json()).token}` };
}

/** Sends a body as it is, so that a test can send what JSON.stringify would never write. */
export function postRaw(
  api: TestApi,
  url: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return api.call({
    method: 'POST',
    url,
    headers: { ...as('operator'), 'content-type': 'application/json', ...headers },
    payload: body,
  });
}

/** The status of each, sorted; of what a server could not do also the words, so that a test that fails says why. */
export function toldAtOnce(answers: readonly Answer[]): string[] {
  return answers.map(({ statusCode, body }) => (statusCode < 500 ? `${statusCode}` : `${statusCode} ${body}`)).sort();
}

/** How many rows a database holds in a table. */
export async function countRows(database: TestDatabase, table: 'aol_actions' | 'aol_execution_logs'): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(`SELECT count(*) AS count FROM ${table}`);
  return rows[0]?.count ?? 0;
}
