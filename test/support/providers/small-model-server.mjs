// biome-ignore-all lint/style/noProcessEnv: a program of its own, told by its environment
/** `node small-model-server.mjs FOLDER MODEL_FILE`: loads the model and answers chat completions, one at a time. */

import { createServer } from 'node:http';
import { join } from 'node:path';
import process, { env } from 'node:process';
import { pathToFileURL } from 'node:url';

const [folder, modelPath] = process.argv.slice(2);
const engine = join(folder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
const { getLlama, LlamaChatSession } = await import(pathToFileURL(engine).href);
const llama = await getLlama({ gpu: false, build: 'never' });
const model = await llama.loadModel({ modelPath });
// Several threads wait for each other in loops: on a busy machine that takes minutes where one takes a second.
const context = await model.createContext({ contextSize: 2048, sequences: 1, threads: 1 });
let last = Promise.resolve();
let count = 0;

createServer(async (request, response) => {
  const answer = (status, body) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const refuse = (status, type, message) => answer(status, { error: { message, type, code: status } });
  if (request.url === '/health') return answer(200, { status: 'ok' });
  if (request.headers.authorization !== `Bearer ${env.API_KEY}`) {
    return refuse(401, 'authentication_error', 'Invalid API Key');
  }
  if (request.url === '/v1/models') return answer(200, { object: 'list', data: [{ id: env.MODEL, object: 'model' }] });
  if (request.url !== '/v1/chat/completions') return refuse(404, 'not_found_error', 'File Not Found');
  let text = '';
  for await (const chunk of request) text += chunk;
  // A caller that goes away ends the work.
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  last = last
    .then(() => complete(JSON.parse(text), gone.signal))
    .then((body) => answer(200, body))
    .catch((error) => {
      if (!gone.signal.aborted) refuse(500, 'server_error', String(error));
    });
}).listen(Number(env.PORT), '127.0.0.1');

async function complete({ messages, max_completion_tokens: maxTokens = 64, temperature = 0 }, signal) {
  const sequence = context.getSequence();
  try {
    const system = messages.find(({ role }) => role === 'system')?.content;
    const session = new LlamaChatSession({ contextSequence: sequence, ...(system ? { systemPrompt: system } : {}) });
    const prompt = messages.filter(({ role }) => role === 'user').at(-1)?.content ?? '';
    const { responseText, stopReason } = await session.promptWithMeta(prompt, { maxTokens, temperature, signal });
    const { usedInputTokens, usedOutputTokens } = sequence.tokenMeter.getState();
    count += 1;
    return {
      id: `chatcmpl-${process.pid}-${count}`,
      object: 'chat.completion',
      model: env.MODEL,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: responseText },
          finish_reason: stopReason === 'maxTokens' ? 'length' : 'stop',
        },
      ],
      usage: {
        prompt_tokens: usedInputTokens,
        completion_tokens: usedOutputTokens,
        total_tokens: usedInputTokens + usedOutputTokens,
      },
    };
  } finally {
    sequence.dispose();
  }
}
