/**
 * Mastodon: `POST /api/v1/statuses`. The instance keeps an idempotency key for one hour from the first request; a
 * repetition after that would be a second status. The key is written after the status, so a repetition comes a minute later.
 */

import type { Audience } from '../../contracts/payloads/post-social.ts';
import { postText } from '../../contracts/payloads/post-social-length.ts';
import { addedAtSending } from '../placeholder.ts';
import { jsonPost, type SocialPlatformRenderer } from './platform.ts';

const VISIBILITIES: Readonly<Record<Audience, string>> = {
  public: 'public',
  unlisted: 'unlisted',
  followers: 'private',
  connections: 'private',
};

export const mastodon: SocialPlatformRenderer = {
  name: 'Mastodon',
  redelivery: { kind: 'dedupes', windowMs: 3_600_000, settleMs: 60_000 },
  variables: ['MASTODON_URL', 'MASTODON_ACCESS_TOKEN'],
  render({ content, link, replyTo, audience = 'public' }, { providerKey }) {
    const body = {
      status: postText(content, link),
      visibility: VISIBILITIES[audience],
      ...(replyTo !== undefined && { in_reply_to_id: replyTo }),
    };
    return jsonPost(`${addedAtSending('MASTODON_URL')}/api/v1/statuses`, body, {
      headers: { 'idempotency-key': providerKey },
      addedAtSending: ['url'],
    });
  },
};
