/** LinkedIn: the versioned Posts API, and for replies the Comments API. Neither knows an idempotency key. */

import { z } from 'zod';
import { postText } from '../../contracts/payloads/post-social-length.ts';
import { defineProvider, secretReferenceSchema } from '../provider.ts';
import { jsonPost, type SocialPlatformAdapter } from './platform.ts';

/** A version lives for a year: raise it, and the adapter's version with it, before 2027-05. */
const HEADERS = { 'linkedin-version': '202605', 'x-restli-protocol-version': '2.0.0' };

const provider = defineProvider({
  name: 'linkedin',
  title: 'LinkedIn',
  settings: z.strictObject({
    author: z.string().regex(/^urn:li:(?:person|organization):/u),
    accessToken: secretReferenceSchema,
  }),
  identify: ({ author }) => ({ identity: author, server: 'https://api.linkedin.com' }),
  variables: {
    author: { name: 'LINKEDIN_AUTHOR', required: true },
    accessToken: { name: 'LINKEDIN_ACCESS_TOKEN', required: true, secret: true },
  },
  placeholder: { identity: 'urn:li:person:not-configured', server: 'https://api.linkedin.com' },
  check: async () => ({ kind: 'unreachable', reason: 'not known yet' }),
});

export const linkedin: SocialPlatformAdapter = {
  name: 'LinkedIn',
  provider,
  redelivery: () => ({ kind: 'neither' }),
  render({ content, link, replyTo, audience }, { account }) {
    const text = postText(content, link);
    const author = account.identity;
    if (replyTo !== undefined) {
      const url = `${account.server}/rest/socialActions/${encodeURIComponent(replyTo)}/comments`;
      const comment = { actor: author, object: replyTo, message: { text } };
      return jsonPost(url, comment, { headers: HEADERS });
    }
    const post = {
      author,
      commentary: littleText(text),
      visibility: audience === 'connections' ? 'CONNECTIONS' : 'PUBLIC',
      distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
      lifecycleState: 'PUBLISHED',
      isReshareDisabledByAuthor: false,
    };
    return jsonPost(`${account.server}/rest/posts`, post, { headers: HEADERS });
  },
};

/** LinkedIn's "little text": a reserved character that is not escaped cuts the post off silently. `#tag` stays a tag. */
function littleText(text: string): string {
  return text.replace(/[\\|{}@[\]()<>*_~]|#(?![\p{L}\p{N}])|(?<=[\p{L}\p{N}/?&=])#/gu, '\\$&');
}
