/**
 * Mastodon: `POST /api/v1/statuses`. The instance keeps an idempotency key for one hour from the first request; a
 * repetition after that would be a second status. The key is written after the status, so a repetition comes a minute later.
 */

import { z } from 'zod';
import type { Audience } from '../../contracts/payloads/post-social.ts';
import { postText } from '../../contracts/payloads/post-social-length.ts';
import { defineProvider, secretReferenceSchema } from '../provider.ts';
import { jsonPost, type SocialPlatformAdapter } from './platform.ts';

const VISIBILITIES: Readonly<Record<Audience, string>> = {
  public: 'public',
  unlisted: 'unlisted',
  followers: 'private',
  connections: 'private',
};

const provider = defineProvider({
  name: 'mastodon',
  title: 'Mastodon',
  settings: z.strictObject({ url: z.url(), handle: z.string().optional(), accessToken: secretReferenceSchema }),
  identify: ({ url, handle }) => ({ identity: handle ?? new URL(url).host, server: url }),
  variables: {
    url: { name: 'MASTODON_URL', required: true },
    accessToken: { name: 'MASTODON_ACCESS_TOKEN', required: true, secret: true },
  },
  placeholder: { identity: 'not configured', server: 'https://not-configured.invalid' },
  check: async () => ({ kind: 'unreachable', reason: 'not known yet' }),
});

export const mastodon: SocialPlatformAdapter = {
  name: 'Mastodon',
  provider,
  redelivery: () => ({ kind: 'dedupes', windowMs: 3_600_000, settleMs: 60_000 }),
  render({ content, link, replyTo, audience = 'public' }, { providerKey, account }) {
    const body = {
      status: postText(content, link),
      visibility: VISIBILITIES[audience],
      ...(replyTo !== undefined && { in_reply_to_id: replyTo }),
    };
    return jsonPost(new URL('/api/v1/statuses', account.server).href, body, {
      headers: { 'idempotency-key': providerKey },
    });
  },
};
