/**
 * The adapter of `GENERATE_TEXT`. Nobody sees a generation but the one who asked: to repeat one does no harm, and costs its price once
 * more, so that it is repeated once.
 */

import {
  DEFAULT_MAX_TOKENS,
  type GenerateText,
  generateTextContract,
  type TextService,
} from '../../contracts/payloads/generate-text.ts';
import { toMicroUsd } from '../../domain/budgets.ts';
import { InvalidRequestError } from '../../domain/errors.ts';
import { RenderError } from '../errors.ts';
import { isSuccess, objectOf, textIn } from '../http-answers.ts';
import { defineAdapter, type Effect, jsonBodyOf } from '../port.ts';
import { storedEffectProblem } from '../stored-effect.ts';
import { excerpt } from '../summary.ts';
import { anthropic } from './anthropic.ts';
import { openai } from './openai.ts';
import { textReceipt } from './receipt.ts';
import { countIn, modelOf, priceOf, type TextServiceAdapter } from './service.ts';

const VERSION = 1;
const SERVICES: Readonly<Record<TextService, TextServiceAdapter>> = { openai, anthropic };

export const generateTextAdapter = defineAdapter<GenerateText>({
  contract: generateTextContract,
  version: VERSION,
  providers: Object.values(SERVICES).map(({ provider }) => provider),
  account: ({ service = 'openai', account }) => ({ provider: service, name: account }),
  redelivery: () => ({ kind: 'harmless', maxRepeats: 1 }),
  render({ service = 'openai', prompt, system, model: asked, maxTokens = DEFAULT_MAX_TOKENS }, { account }) {
    if (!account) throw new RenderError('a text needs an account');
    const model = asked ?? modelOf(account);
    if (model === undefined) {
      const rule = `is required: the account ${account.name} names no model`;
      throw new InvalidRequestError(`model ${rule}`, [{ field: 'payload.model', rule }]);
    }
    const { name, provider, identity, server } = account;
    return {
      type: generateTextContract.type,
      adapterVersion: VERSION,
      summary: `Generate up to ${maxTokens} tokens by ${excerpt(model)} at ${excerpt(identity)}: "${excerpt(prompt)}"`,
      preview: { kind: 'prompt', service, model, ...(system !== undefined && { system }), prompt, maxTokens },
      account: { name, provider, identity, server },
      preparations: [],
      blobs: [],
      ...SERVICES[service].render({ prompt, model, maxTokens, ...(system !== undefined && { system }) }, account),
    };
  },
  price(effect, account) {
    const { model, maxTokens } = askedOf(effect);
    // No text has more tokens than bytes.
    const input = Buffer.byteLength(JSON.stringify(jsonBodyOf(effect) ?? ''));
    const price = account && priceOf(account, [model], { input, output: maxTokens, cachedInput: 0, cacheWrite: 0 });
    return price ? toMicroUsd(price.usd) : undefined;
  },
  async perform(effect, context) {
    const problem = storedEffectProblem(effect, VERSION, ['headers.authorization', 'headers.x-api-key']);
    if (problem !== undefined) return { kind: 'rejected', reason: problem };
    const service = serviceOf(effect);
    if (!service || !context.account || effect.request.protocol !== 'http') {
      return { kind: 'rejected', reason: 'the artifact names no account that this adapter generates with' };
    }
    const request = service.authorize(effect.request, await context.account.credential());
    if (!request) return { kind: 'rejected', reason: `the account ${context.account.name} has no key` };
    const answer = await context.exchange.send(request, { signal: context.signal, wholeBody: true });
    if (answer.kind !== 'answer') return answer;
    const body = isSuccess(answer) ? objectOf(answer) : undefined;
    const generated = body && service.read(body, answer);
    if (!generated) return service.outcome(answer);
    const receipt = await textReceipt(answer, generated, askedOf(effect), context, service.requestId(answer));
    return { kind: 'done', receipt, limits: service.limits(answer) };
  },
});

function serviceOf({ account }: Effect): TextServiceAdapter | undefined {
  return Object.values(SERVICES).find(({ provider }) => provider.name === account?.provider);
}

function askedOf(effect: Effect) {
  const body = jsonBodyOf(effect);
  const asked = body !== null && typeof body === 'object' && !Array.isArray(body) ? Object.entries(body) : [];
  const bound = asked.find(([name]) => name === 'max_completion_tokens' || name === 'max_tokens')?.[1];
  return { model: textIn(body, 'model'), maxTokens: countIn(bound) || DEFAULT_MAX_TOKENS };
}
