/** A Mastodon server of others (mastodon-mock) with one account, behind a proxy that loses answers. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort } from '../../../src/local/index.ts';
import { pythonWith } from './install.ts';
import { answers, startProgram } from './program.ts';
import { startLosingProxy } from './proxy.ts';
import type { ProviderServer } from './server.ts';

const VERSION = '0.6.1';

const statusesSchema = z.array(z.looseObject({ id: z.string(), content: z.string(), created_at: z.string() }));
const accountSchema = z.object({ id: z.string() });

export interface MastodonServer extends ProviderServer {
  readonly accessToken: string;
  readonly account: { readonly id: string; readonly handle: string };
  /** The account's statuses as the server has them, newest first; asked beside the proxy. */
  statuses(): Promise<z.output<typeof statusesSchema>>;
  /** From now on it does not know `Idempotency-Key`, like other servers with this API. */
  ignoreKeys(): void;
  /** Its own faults, which come before anything is stored: `{"match": {…}, "effect": {"type": "ratelimit"}}`. */
  fault(rule: object): Promise<void>;
}

/**
 * Unlike a real server its `X-RateLimit-Reset` is in epoch seconds and it says `Retry-After`; it takes a text file as media;
 * it remembers an `Idempotency-Key` for ever.
 */
export async function startMastodon(): Promise<MastodonServer> {
  const python = await pythonWith(`mastodon-mock-${VERSION}`, `mastodon-mock==${VERSION}`);
  const [port, accessToken] = [await freePort(), 'mastodon-token-canary'];
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram({
    name: 'mastodon-mock',
    program: python,
    args: async (folder) => {
      const config = join(folder, 'config.toml');
      const account = `[[seed.accounts]]\nusername = "ops"\naccess_token = "${accessToken}"\n`;
      await writeFile(config, `domain = "mastodon.test"\n${account}`);
      const listens = ['--host', '127.0.0.1', '--port', String(port)];
      return ['-m', 'mastodon_mock', 'serve', '--config', config, ...listens, '--in-memory'];
    },
    probe: () => answers(`${url}/api/v2/instance`),
  });
  const ask = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}${path}`, { ...init, headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const { id } = accountSchema.parse(await ask('/api/v1/accounts/verify_credentials'));
  const withholds = new Set<string>();
  const proxy = await startLosingProxy(url, { withholds });
  return {
    ...proxy,
    accessToken,
    account: { id, handle: '@ops@mastodon.test' },
    statuses: async () => statusesSchema.parse(await ask(`/api/v1/accounts/${id}/statuses?limit=40`)),
    ignoreKeys: () => void withholds.add('idempotency-key'),
    fault: async (rule) => void (await ask('/api/v1/_mock/faults', { method: 'POST', body: JSON.stringify(rule) })),
    async close() {
      await proxy.close();
      await program.close();
    },
  };
}
