/** Synapse, a real Matrix homeserver, with a user and a room, behind a proxy that loses answers. */

import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort } from '../../../src/local/index.ts';
import { pythonWith } from './install.ts';
import { answers, startProgram } from './program.ts';
import { startLosingProxy } from './proxy.ts';
import type { ProviderServer } from './server.ts';

const VERSION = '1.163.2';
const SECRET = 'of-the-test-server-alone';

const nonceSchema = z.object({ nonce: z.string() });
const loginSchema = z.object({ access_token: z.string() });
const roomSchema = z.object({ room_id: z.string() });
const messagesSchema = z.object({
  chunk: z.array(z.looseObject({ type: z.string(), event_id: z.string(), content: z.looseObject({}) })),
});

export interface MatrixServer extends ProviderServer {
  readonly userId: string;
  readonly password: string;
  readonly accessToken: string;
  readonly roomId: string;
  /** A token of a new login: the server's memory of transactions begins anew with it. */
  login(): Promise<string>;
  /** The room's messages as the server has them, newest first; asked beside the proxy. */
  messages(): Promise<z.output<typeof messagesSchema>['chunk']>;
}

export async function startMatrix(): Promise<MatrixServer> {
  const python = await pythonWith(`synapse-${VERSION}`, `matrix-synapse==${VERSION}`);
  const [port, user, password] = [await freePort(), 'ops', 'matrix-password-canary'];
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram({
    name: 'synapse',
    program: python,
    args: async (folder) => {
      const config = join(folder, 'homeserver.yaml');
      await writeFile(config, configuration(folder, port));
      return ['-m', 'synapse.app.homeserver', '-c', config];
    },
    probe: () => answers(`${url}/health`),
  });
  const ask = async (method: string, path: string, token?: string, body?: object): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const answer = await fetch(`${url}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const { nonce } = nonceSchema.parse(await ask('GET', '/_synapse/admin/v1/register'));
  const mac = createHmac('sha1', SECRET).update([nonce, user, password, 'notadmin'].join('\0')).digest('hex');
  const account = { nonce, username: user, password, admin: false, mac };
  const registered = loginSchema.parse(await ask('POST', '/_synapse/admin/v1/register', undefined, account));
  const accessToken = registered.access_token;
  const room = await ask('POST', '/_matrix/client/v3/createRoom', accessToken, { name: 'ops' });
  const roomId = roomSchema.parse(room).room_id;
  const proxy = await startLosingProxy(url);
  return {
    ...proxy,
    userId: `@${user}:aol.test`,
    password,
    accessToken,
    roomId,
    async login() {
      const identifier = { type: 'm.id.user', user };
      const body = { type: 'm.login.password', identifier, password };
      return loginSchema.parse(await ask('POST', '/_matrix/client/v3/login', undefined, body)).access_token;
    },
    async messages() {
      const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=100`;
      const { chunk } = messagesSchema.parse(await ask('GET', path, accessToken));
      return chunk.filter(({ type }) => type === 'm.room.message');
    },
    async close() {
      await proxy.close();
      await program.close();
    },
  };
}

/** JSON is YAML. Its limits stay as they come: eight messages in a burst, then 429. */
function configuration(folder: string, port: number): string {
  return JSON.stringify({
    server_name: 'aol.test',
    pid_file: join(folder, 'homeserver.pid'),
    listeners: [{ bind_addresses: ['127.0.0.1'], port, type: 'http', resources: [{ names: ['client'] }] }],
    database: { name: 'sqlite3', args: { database: join(folder, 'homeserver.db') } },
    media_store_path: join(folder, 'media'),
    signing_key_path: join(folder, 'signing.key'),
    registration_shared_secret: SECRET,
    macaroon_secret_key: SECRET,
    form_secret: SECRET,
    report_stats: false,
    trusted_key_servers: [],
  });
}
