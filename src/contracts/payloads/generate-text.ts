/** `GENERATE_TEXT`: one answer of a language model. */

import { z } from 'zod';
import { storableText } from '../http/json.ts';
import { accountNameSchema } from './common.ts';
import type { ActionContract } from './contract.ts';

/** An attempt has 20 seconds: longer answers come rarely to their end in it. */
export const MAX_TOKENS = 4_096;
export const DEFAULT_MAX_TOKENS = 1_024;
const MAX_PROMPT_LENGTH = 50_000;
const MAX_SYSTEM_LENGTH = 20_000;

/** Which form of request its server speaks. */
export const TEXT_SERVICES = ['openai', 'anthropic'] as const;
export type TextService = (typeof TEXT_SERVICES)[number];

const isNotBlank = (text: string) => /\S/u.test(text);

export const generateTextSchema = z.strictObject({
  /** OpenAI's form, which many servers speak; or Anthropic's. */
  service: z
    .enum(TEXT_SERVICES)
    .meta({ title: 'Service', description: 'Whose form of request the server speaks.', default: 'openai' })
    .optional(),
  prompt: storableText(1, MAX_PROMPT_LENGTH)
    .refine(isNotBlank, { message: 'must not be blank' })
    .meta({ title: 'Question', description: 'What the model is asked.' }),
  system: storableText(1, MAX_SYSTEM_LENGTH)
    .meta({ title: 'Instructions', description: 'What the model is told before it is asked.' })
    .optional(),
  /** Left out: the account's. */
  model: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/u, { message: 'must be the name of a model' })
    .meta({ title: 'Model', description: 'Left out: the one of the account.' })
    .optional(),
  maxTokens: z
    .int()
    .min(1)
    .max(MAX_TOKENS)
    .meta({
      title: 'Longest answer',
      description: 'In tokens: a token is about three quarters of a word.',
      default: DEFAULT_MAX_TOKENS,
    })
    .optional(),
  account: accountNameSchema.optional(),
});

export type GenerateText = z.infer<typeof generateTextSchema>;

export const generateTextContract: ActionContract<GenerateText> = {
  type: 'GENERATE_TEXT',
  title: 'Generate a text',
  payload: generateTextSchema,
  example: { prompt: 'Say in one sentence what an owl is.', model: 'gpt-4.1-mini', maxTokens: 100 },
  performs: true,
  redelivery: 'harmless',
  account: ({ service = 'openai', account }) => ({ provider: service, name: account }),
  providers: { openai: ['OPENAI_API_KEY'], anthropic: ['ANTHROPIC_API_KEY'] },
  limits: { prompt: '50,000 characters', system: '20,000 characters', maxTokens: `${MAX_TOKENS}` },
};
