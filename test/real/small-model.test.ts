/** The real model answers with text of its own and counts its tokens. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { INSTALL_LIMIT_MS, type SmallModel, startSmallModel } from '../support/providers/index.ts';

let model: SmallModel;
beforeAll(async () => {
  model = await startSmallModel();
}, INSTALL_LIMIT_MS);
afterAll(() => model?.close());

const answerSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }), finish_reason: z.string() })),
  usage: z.object({ prompt_tokens: z.int().positive(), completion_tokens: z.int().positive() }),
});
const ask = (maxTokens: number, key = model.apiKey) =>
  fetch(`${model.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: model.model,
      messages: [{ role: 'user', content: 'Write one sentence about the sea.' }],
      max_completion_tokens: maxTokens,
    }),
  });

test('writes, is cut at the bound, and refuses a wrong key', async () => {
  const { choices, usage } = answerSchema.parse(await (await ask(8)).json());
  expect(choices[0]?.message.content).toMatch(/\w+/u);
  expect([choices[0]?.finish_reason, usage.completion_tokens]).toEqual(['length', 8]);
  expect((await ask(8, 'wrong')).status).toBe(401);
});

test('generates and loses the answer', async () => {
  model.misbehave({ at: 'POST /v1/chat/completions', how: 'store_then_drop' });
  await expect(ask(4)).rejects.toThrow();
});
