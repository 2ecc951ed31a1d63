/** X: `POST /2/tweets` of API v2. It refuses some repeated texts, but knows no idempotency key. */

import { z } from 'zod';
import { postText } from '../../contracts/payloads/post-social-length.ts';
import { defineProvider, secretReferenceSchema } from '../provider.ts';
import { jsonPost, type SocialPlatformAdapter } from './platform.ts';

const provider = defineProvider({
  name: 'x',
  title: 'X',
  settings: z.strictObject({ handle: z.string().optional(), accessToken: secretReferenceSchema }),
  identify: ({ handle = 'x' }) => ({ identity: handle, server: 'https://api.x.com' }),
  variables: { accessToken: { name: 'X_ACCESS_TOKEN', required: true, secret: true } },
  placeholder: { identity: 'not configured', server: 'https://api.x.com' },
  check: async () => ({ kind: 'unreachable', reason: 'not known yet' }),
});

export const x: SocialPlatformAdapter = {
  name: 'X',
  provider,
  redelivery: () => ({ kind: 'neither' }),
  render({ content, link, replyTo }, { account }) {
    return jsonPost(new URL('/2/tweets', account.server).href, {
      text: postText(content, link),
      ...(replyTo !== undefined && { reply: { in_reply_to_tweet_id: replyTo } }),
    });
  },
};
