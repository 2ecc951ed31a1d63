/** LinkedIn: the versioned Posts API, and for replies the Comments API. Neither knows an idempotency key. */

import { postText } from '../../contracts/payloads/post-social-length.ts';
import { addedAtSending } from '../placeholder.ts';
import { jsonPost, type SocialPlatformRenderer } from './platform.ts';

/** A version lives for a year: raise it, and the adapter's version with it, before 2027-05. */
const HEADERS = { 'linkedin-version': '202605', 'x-restli-protocol-version': '2.0.0' };

export const linkedin: SocialPlatformRenderer = {
  name: 'LinkedIn',
  redelivery: { kind: 'neither' },
  variables: ['LINKEDIN_ACCESS_TOKEN', 'LINKEDIN_AUTHOR_URN'],
  render({ content, link, replyTo, audience }) {
    const text = postText(content, link);
    const author = addedAtSending('LINKEDIN_AUTHOR_URN');
    if (replyTo !== undefined) {
      const url = `https://api.linkedin.com/rest/socialActions/${encodeURIComponent(replyTo)}/comments`;
      const comment = { actor: author, object: replyTo, message: { text } };
      return jsonPost(url, comment, { headers: HEADERS, addedAtSending: ['body.value.actor'] });
    }
    const post = {
      author,
      commentary: littleText(text),
      visibility: audience === 'connections' ? 'CONNECTIONS' : 'PUBLIC',
      distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
      lifecycleState: 'PUBLISHED',
      isReshareDisabledByAuthor: false,
    };
    return jsonPost('https://api.linkedin.com/rest/posts', post, {
      headers: HEADERS,
      addedAtSending: ['body.value.author'],
    });
  },
};

/** LinkedIn's "little text": a reserved character that is not escaped cuts the post off silently. `#tag` stays a tag. */
function littleText(text: string): string {
  return text.replace(/[\\|{}@[\]()<>*_~]|#(?![\p{L}\p{N}])|(?<=[\p{L}\p{N}/?&=])#/gu, '\\$&');
}
