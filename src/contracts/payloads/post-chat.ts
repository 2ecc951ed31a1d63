/** `POST_CHAT`: one message in one channel of a chat. */

import { z } from 'zod';
import { storableText } from '../http/json.ts';
import { accountNameSchema } from './common.ts';
import type { ActionContract } from './contract.ts';
import { CHAT_SERVICES, type ChatService, chatLength } from './post-chat-text.ts';

/** More than any service takes; it bounds the work of counting. */
const MAX_TEXT_LENGTH = 60_000;
const MAX_REFERENCE_LENGTH = 255;

interface ServiceRule {
  readonly channel: RegExp;
  /** What `channel` must be, in words. */
  readonly channelRule: string;
  readonly thread: RegExp;
  readonly threadRule: string;
}

const SERVICE_RULES: Readonly<Record<ChatService, ServiceRule>> = {
  slack: {
    channel: /^[CDGUW][A-Z0-9]{5,20}$/u,
    channelRule: 'the id of a channel or a person: C0123456789, for slack',
    thread: /^[0-9]{10}\.[0-9]{6}$/u,
    threadRule: 'the ts of the message that began it: 1732377600.000100, for slack',
  },
  discord: {
    channel: /^[1-9][0-9]{15,19}$/u,
    channelRule: 'the id of a channel: 16 to 20 digits, for discord',
    thread: /^[1-9][0-9]{15,19}$/u,
    threadRule: 'the id of a thread: 16 to 20 digits, for discord',
  },
  matrix: {
    channel: /^![!-~]{1,254}$/u,
    channelRule: 'the id of a room: !abc:example.com, and no alias, for matrix',
    thread: /^\$[!-~]{1,254}$/u,
    threadRule: 'the id of the event that began it: $abc, for matrix',
  },
};

const fieldsSchema = z.strictObject({
  service: z.enum(CHAT_SERVICES).meta({ title: 'Service' }),
  /** An id: a name can move to another channel. */
  channel: storableText(1, MAX_REFERENCE_LENGTH).meta({
    title: 'Channel',
    description: 'Its id, not its name: a name can move to another channel.',
  }),
  text: storableText(1, MAX_TEXT_LENGTH).meta({ title: 'Text' }),
  account: accountNameSchema.optional(),
  thread: storableText(1, MAX_REFERENCE_LENGTH)
    .meta({ title: 'Thread', description: 'The id of the message that began it, to answer there.' })
    .optional(),
});

export type PostChat = z.infer<typeof fieldsSchema>;

/** The payload's schema, with the rules of its service. */
export const postChatSchema = fieldsSchema.superRefine(({ service, channel, text, thread }, context) => {
  const problem = (path: keyof PostChat, message: string) =>
    context.addIssue({ code: 'custom', message, path: [path] });
  const rules = SERVICE_RULES[service];
  if (!/\S/u.test(text)) problem('text', 'must not be blank');
  const { used, limit, unit } = chatLength(service, text);
  if (used > limit) problem('text', `must be at most ${limit} ${unit} for ${service}, and has ${used} as it is sent`);
  if (!rules.channel.test(channel)) problem('channel', `must be ${rules.channelRule}`);
  if (thread !== undefined && !rules.thread.test(thread)) problem('thread', `must be ${rules.threadRule}`);
});

export const postChatContract: ActionContract<PostChat> = {
  type: 'POST_CHAT',
  title: 'Post to a chat',
  payload: postChatSchema,
  example: { service: 'slack', channel: 'C0123456789', text: 'The release is out' },
  performs: true,
  redelivery: 'depends',
  account: ({ service, account }) => ({ provider: service, name: account }),
  providers: {
    slack: ['SLACK_BOT_TOKEN'],
    discord: ['DISCORD_BOT_TOKEN'],
    matrix: ['MATRIX_URL', 'MATRIX_ACCESS_TOKEN'],
  },
  limits: {
    'text on slack': '4,000 characters as escaped',
    'text on discord': '2,000 characters as escaped',
    'text on matrix': '60,000 bytes as JSON',
  },
};
