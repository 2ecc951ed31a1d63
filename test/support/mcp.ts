/** An agent's client over stdio: the SDK's own, before the process that an agent would start. */

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { z } from 'zod';
import type { Role } from '../../src/domain/roles.ts';
import { namedToken, type TestApi } from './api.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export async function tokenOf(api: TestApi, name: string, role: Role): Promise<string> {
  const { authorization = '' } = await namedToken(api, { name, role });
  return authorization.slice('Bearer '.length);
}

/**
 * Starts the server's process and connects to it.
 *
 * @param said gets what the process says to whoever reads its log
 */
export async function connectAgent(
  env: Record<string, string>,
  said: (text: string) => void = () => undefined,
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(root, 'bin', 'aol.mjs'), 'mcp'],
    cwd: tmpdir(),
    stderr: 'pipe',
    env: { PATH: '/usr/bin:/bin', ...env },
  });
  transport.stderr?.on('data', (chunk: Buffer) => said(chunk.toString('utf8')));
  await client.connect(transport);
  // Without the tools' schemas the client would not check their answers against them.
  await client.listTools();
  return client;
}

const resultSchema = z.object({
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })).length(1),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  isError: z.boolean().optional(),
});

export async function callTool(client: Client, name: string, args: Record<string, unknown> = {}) {
  const result = resultSchema.parse(await client.callTool({ name, arguments: args }));
  return {
    text: result.content[0]?.text ?? '',
    isError: result.isError === true,
    structured: result.structuredContent,
  };
}
