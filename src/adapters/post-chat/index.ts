/** The adapter of `POST_CHAT`: one message, by one account, in one channel of one of three chats. */

import { type PostChat, postChatContract } from '../../contracts/payloads/post-chat.ts';
import type { ChatService } from '../../contracts/payloads/post-chat-text.ts';
import { RenderError } from '../errors.ts';
import { defineAdapter, type Effect } from '../port.ts';
import { storedEffectProblem } from '../stored-effect.ts';
import { excerpt } from '../summary.ts';
import { discord } from './discord.ts';
import { matrix } from './matrix.ts';
import type { ChatServiceAdapter } from './service.ts';
import { slack } from './slack.ts';

const VERSION = 1;
/** By the names that payloads give services, which are those of their providers. */
const SERVICES: Readonly<Record<ChatService, ChatServiceAdapter>> = { slack, discord, matrix };

export const postChatAdapter = defineAdapter<PostChat>({
  contract: postChatContract,
  version: VERSION,
  providers: Object.values(SERVICES).map(({ provider }) => provider),
  account: ({ service, account }) => ({ provider: service, name: account }),
  redelivery: ({ service }, account) => SERVICES[service].redelivery(account),
  render(message, context) {
    const { account } = context;
    if (!account) throw new RenderError('a message needs an account');
    const { service, channel, text } = message;
    const chat = SERVICES[service];
    const { name, provider, identity, server } = account;
    return {
      type: postChatContract.type,
      adapterVersion: VERSION,
      summary: `Post to ${channel.slice(0, 40)} on ${chat.name} as ${excerpt(identity)}: "${excerpt(text)}"`,
      preview: { kind: 'chat', service, channel, text },
      account: { name, provider, identity, server },
      preparations: [],
      blobs: [],
      ...chat.render(message, { ...context, account }),
    };
  },
  async perform(effect, context) {
    const problem = storedEffectProblem(effect, VERSION, ['headers.authorization', 'url']);
    if (problem !== undefined) return { kind: 'rejected', reason: problem };
    const outcome = await chatOf(effect)?.perform(effect, context);
    return outcome ?? { kind: 'rejected', reason: 'the artifact names no account that this adapter posts for' };
  },
  async reconcile(effect, context) {
    const answer = await chatOf(effect)?.reconcile(effect, context);
    return answer ?? { kind: 'cannot_tell', reason: 'the artifact names no account that this adapter posts for' };
  },
});

function chatOf({ account }: Effect): ChatServiceAdapter | undefined {
  return Object.values(SERVICES).find(({ provider }) => provider.name === account?.provider);
}
