/** Bluesky's own personal data server with two accounts, behind a proxy that loses answers. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { freePort } from '../../../src/local/index.ts';
import { npmWith, tool } from './install.ts';
import { answers, startProgram } from './program.ts';
import { startLosingProxy } from './proxy.ts';
import type { ProviderServer } from './server.ts';

const VERSION = '0.6.7';

const START = `
import { TestNetworkNoAppView } from '@atproto/dev-env';
const [plc, pds] = process.argv.slice(1).map(Number);
await TestNetworkNoAppView.create({ plc: { port: plc }, pds: { port: pds, hostname: 'localhost', enableDidDocWithSession: true } });
`;

const sessionSchema = z.object({ did: z.string(), handle: z.string(), accessJwt: z.string() });
const appPasswordSchema = z.object({ password: z.string() });
const recordsSchema = z.object({
  records: z.array(z.object({ uri: z.string(), cid: z.string(), value: z.looseObject({}) })),
});

export interface BlueskyAccount {
  readonly did: string;
  readonly handle: string;
  /** What an adapter logs in with. */
  readonly appPassword: string;
  /** Of the person; an adapter has no business with it. */
  readonly mainPassword: string;
}

export interface BlueskyServer extends ProviderServer {
  readonly accounts: readonly [BlueskyAccount, BlueskyAccount];
  /** The account's posts as the server has them, newest first; asked beside the proxy. */
  posts(account: BlueskyAccount): Promise<z.output<typeof recordsSchema>['records']>;
  /** The bytes of a picture that a post has. */
  blob(account: BlueskyAccount, cid: string): Promise<Buffer>;
}

/**
 * Its sessions carry the account's document, and with it the server's address, which a server of one's own leaves out by default.
 * 460 MB and about three minutes to install, most of it a native module; some seconds to start.
 */
export async function startBluesky(): Promise<BlueskyServer> {
  const folder = await npmWith(`bluesky-pds-${VERSION}`, [`@atproto/dev-env@${VERSION}`], async (draft) => {
    // Headers of the Node that runs this: npm's package brings them, and nothing has to be downloaded.
    const node = dirname(dirname(process.execPath));
    const env: Record<string, string> = existsSync(join(node, 'include', 'node')) ? { npm_config_nodedir: node } : {};
    await tool('npm', ['rebuild', '--prefix', draft, 'better-sqlite3'], env);
  });
  const [plcPort, port] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram({
    name: 'bluesky-pds',
    program: process.execPath,
    args: ['--input-type=module', '--no-warnings', '--eval', START, String(plcPort), String(port)],
    cwd: folder,
    probe: () => answers(`${url}/xrpc/_health`),
    readyWithinMs: 60_000,
  });
  const ask = async (path: string, body?: object, token?: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const init = body ? { method: 'POST', body: JSON.stringify(body), headers } : {};
    const answer = await fetch(`${url}/xrpc/${path}`, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const register = async (name: string): Promise<BlueskyAccount> => {
    const [handle, mainPassword] = [`${name}.test`, `${name}-main-password-canary`];
    const account = { handle, email: `${name}@aol.test`, password: mainPassword };
    const session = sessionSchema.parse(await ask('com.atproto.server.createAccount', account));
    const created = await ask('com.atproto.server.createAppPassword', { name: 'aol' }, session.accessJwt);
    return { did: session.did, handle, mainPassword, appPassword: appPasswordSchema.parse(created).password };
  };
  const accounts = [await register('alice'), await register('bob')] as const;
  const proxy = await startLosingProxy(url, { announces: `http://localhost:${port}` });
  return {
    ...proxy,
    accounts,
    async posts({ did }) {
      const query = new URLSearchParams({ repo: did, collection: 'app.bsky.feed.post', limit: '100' });
      return recordsSchema.parse(await ask(`com.atproto.repo.listRecords?${query}`)).records;
    },
    async blob({ did }, cid) {
      const answer = await fetch(`${url}/xrpc/com.atproto.sync.getBlob?${new URLSearchParams({ did, cid })}`);
      return Buffer.from(await answer.arrayBuffer());
    },
    async close() {
      await proxy.close();
      await program.close();
    },
  };
}
