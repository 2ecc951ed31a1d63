/** The catalogue of built-in action types: what the API accepts, without knowing adapters. */

import { callWebhookContract } from './call-webhook.ts';
import { type AnyActionContract, describeContract } from './contract.ts';
import { generateTextContract } from './generate-text.ts';
import { postChatContract } from './post-chat.ts';
import { postSocialContract } from './post-social.ts';
import { sendEmailContract } from './send-email.ts';

export const builtInContracts: readonly AnyActionContract[] = [
  describeContract(postSocialContract),
  describeContract(callWebhookContract),
  describeContract(sendEmailContract),
  describeContract(postChatContract),
  describeContract(generateTextContract),
];

/** The contract of a type, or undefined when there is none. */
export function findContract(type: string): AnyActionContract | undefined {
  return builtInContracts.find((contract) => contract.type === type);
}

export { type ActionContract, type AnyActionContract, describeContract, type PayloadCheck } from './contract.ts';
export { type ContentLength, contentLength, SOCIAL_PLATFORMS, type SocialPlatform } from './post-social-length.ts';
