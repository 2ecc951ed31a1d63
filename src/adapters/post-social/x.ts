/** X: `POST /2/tweets` of API v2. It refuses some repeated texts, but knows no idempotency key. */

import { postText } from '../../contracts/payloads/post-social-length.ts';
import { jsonPost, type SocialPlatformRenderer } from './platform.ts';

export const x: SocialPlatformRenderer = {
  name: 'X',
  redelivery: { kind: 'neither' },
  variables: ['X_ACCESS_TOKEN'],
  render({ content, link, replyTo }) {
    return jsonPost('https://api.x.com/2/tweets', {
      text: postText(content, link),
      ...(replyTo !== undefined && { reply: { in_reply_to_tweet_id: replyTo } }),
    });
  },
};
