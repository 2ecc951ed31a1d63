/** The adapter of `POST_SOCIAL`. It renders for four platforms, and performs nothing yet. */

import { type PostSocial, postSocialContract } from '../../contracts/payloads/post-social.ts';
import { postText, type SocialPlatform } from '../../contracts/payloads/post-social-length.ts';
import type { Preview } from '../../contracts/preview.ts';
import { defineAdapter } from '../port.ts';
import { bluesky } from './bluesky.ts';
import { linkedin } from './linkedin.ts';
import { mastodon } from './mastodon.ts';
import type { SocialPlatformRenderer } from './platform.ts';
import { x } from './x.ts';

const VERSION = 3;
const EXCERPT_LENGTH = 60;
const PLATFORMS: Readonly<Record<SocialPlatform, SocialPlatformRenderer>> = { x, bluesky, mastodon, linkedin };

export const postSocialAdapter = defineAdapter<PostSocial>({
  contract: postSocialContract,
  version: VERSION,
  redelivery: (post) => PLATFORMS[post.platform].redelivery,
  configured: () => ({ real: false, missing: Object.values(PLATFORMS).flatMap(({ variables }) => variables) }),
  render(post, context) {
    const platform = PLATFORMS[post.platform];
    const verb = post.replyTo === undefined ? 'Post to' : 'Reply on';
    return {
      type: postSocialContract.type,
      adapterVersion: VERSION,
      summary: `${verb} ${platform.name}: "${excerpt(post.content)}"`,
      preview: previewOf(post),
      account: null,
      preparations: [],
      blobs: [],
      ...platform.render(post, context),
    };
  },
});

function previewOf({ platform, content, link, replyTo, audience }: PostSocial): Preview {
  return {
    kind: 'post',
    platform,
    text: postText(content, link),
    ...(replyTo !== undefined && { replyTo }),
    ...(audience !== undefined && { audience }),
  };
}

function excerpt(content: string): string {
  const letters = Array.from(content.replace(/\s+/gu, ' ').trim());
  return letters.length > EXCERPT_LENGTH ? `${letters.slice(0, EXCERPT_LENGTH - 1).join('')}…` : letters.join('');
}
