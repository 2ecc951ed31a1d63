/** `GENERATE_TEXT` by a real small model. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { generateTextAdapter } from '../../src/adapters/generate-text/index.ts';
import { canonicalJson } from '../../src/domain/hashing.ts';
import { INSTALL_LIMIT_MS, type SmallModel, startSmallModel } from '../support/providers/index.ts';
import { sender, storedBody } from '../support/sending.ts';

let model: SmallModel;
beforeAll(async () => {
  model = await startSmallModel();
}, INSTALL_LIMIT_MS);
afterAll(() => model?.close());

const senderWith = (apiKey: string) => {
  const settings = { server: model.url, model: model.model, apiKey: { env: 'K' } };
  return sender(generateTextAdapter, 'openai', { settings, secrets: { apiKey } }, [`127.0.0.1:${model.port}`]);
};

test('a text of its own, its tokens counted, cut at the bound', async () => {
  const text = senderWith(model.apiKey);
  const effect = await text.prove({ prompt: 'Write one sentence about the sea.', maxTokens: 8 });
  expect(await text.perform(effect)).toMatchObject({
    kind: 'done',
    receipt: {
      text: expect.stringMatching(/\w/u),
      cut: 'length',
      tokens: { input: expect.any(Number), output: 8 },
    },
  });
  expect(model.seen().at(-1)?.body.toString('utf8')).toBe(canonicalJson(storedBody(effect)));
});

test('a wrong key, and a lost answer', async () => {
  expect(await senderWith('wrong').send({ prompt: 'x', maxTokens: 2 })).toMatchObject({
    kind: 'on_hold',
    needsLogin: true,
  });
  model.misbehave({ at: 'POST *', how: 'store_then_drop' });
  expect(await senderWith(model.apiKey).send({ prompt: 'x', maxTokens: 2 })).toMatchObject({ kind: 'unknown' });
});
