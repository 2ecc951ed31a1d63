/** A fake of OpenAI's and Anthropic's text generation that others wrote (fakellm): a second opinion on the shapes. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../src/local/index.ts';
import { pythonWith } from './install.ts';
import { answers, startProgram } from './program.ts';
import { startLosingProxy } from './proxy.ts';
import type { ProviderServer } from './server.ts';

const VERSION = '0.3.5';

/** What it says to everything. It asks for no key and knows no limits. */
export async function startFakellm(text: string): Promise<ProviderServer> {
  const python = await pythonWith(`fakellm-${VERSION}`, `fakellm==${VERSION}`);
  const port = await freePort();
  const program = await startProgram({
    name: 'fakellm',
    program: python,
    args: async (folder) => {
      const config = join(folder, 'fakellm.yaml');
      const rules = [{ name: 'all', when: {}, respond: { content: text } }];
      await writeFile(config, JSON.stringify({ version: 1, rules }));
      const start = 'from fakellm.cli import main; main()';
      return ['-c', start, 'serve', '--host', '127.0.0.1', '--port', String(port), '--config', config];
    },
    probe: () => answers(`http://127.0.0.1:${port}/openapi.json`),
  });
  const proxy = await startLosingProxy(`http://127.0.0.1:${port}`);
  return {
    ...proxy,
    async close() {
      await proxy.close();
      await program.close();
    },
  };
}
