/** The adapter of `POST_SOCIAL`: one post, by one account, on one of four platforms. */

import { type PostSocial, postSocialContract, repliedAction } from '../../contracts/payloads/post-social.ts';
import { postText, type SocialPlatform } from '../../contracts/payloads/post-social-length.ts';
import type { Preview } from '../../contracts/preview.ts';
import { RenderError } from '../errors.ts';
import { defineAdapter, type Effect } from '../port.ts';
import { storedEffectProblem } from '../stored-effect.ts';
import { bluesky } from './bluesky/index.ts';
import { CREATED_AT } from './bluesky/record.ts';
import { linkedin } from './linkedin.ts';
import { mastodon } from './mastodon/index.ts';
import type { SocialPlatformAdapter } from './platform.ts';
import { x } from './x.ts';

/** Version 3 had fields of replies that nobody could fill in; it was never sent. */
const VERSION = 5;
const EXCERPT_LENGTH = 60;
/** By the names that payloads give platforms, which are those of their providers. */
const PLATFORMS: Readonly<Record<SocialPlatform, SocialPlatformAdapter>> = { x, bluesky, mastodon, linkedin };

export const postSocialAdapter = defineAdapter<PostSocial>({
  contract: postSocialContract,
  version: VERSION,
  providers: Object.values(PLATFORMS).map(({ provider }) => provider),
  account: ({ platform, account }) => ({ provider: platform, name: account }),
  redelivery: ({ platform }, account) => PLATFORMS[platform].redelivery(account),
  async render(post, context) {
    const { account } = context;
    if (!account) throw new RenderError('a post needs an account');
    const platform = PLATFORMS[post.platform];
    const rendered = await platform.render(post, { ...context, account });
    const { name, provider, identity, server } = account;
    const verb = post.replyTo === undefined ? 'Post to' : 'Reply on';
    return {
      type: postSocialContract.type,
      adapterVersion: VERSION,
      summary: `${verb} ${platform.name} as ${identity.slice(0, 80)}: "${excerpt(post.content)}"`,
      preview: previewOf(post),
      account: { name, provider, identity, server },
      preparations: [],
      blobs: [],
      ...rendered,
    };
  },
  price: (effect, account) => {
    const platform = platformOf(effect);
    return platform?.price ? platform.price(effect, account) : 0;
  },
  async prepare(step, effect, context, before) {
    const outcome = await platformOf(effect)?.prepare?.(step, effect, context, before);
    return outcome ?? { kind: 'rejected', reason: NOBODYS };
  },
  async perform(effect, context) {
    const problem = storedEffectProblem(effect, VERSION, ['headers.authorization', CREATED_AT]);
    if (problem !== undefined) return { kind: 'rejected', reason: problem };
    const outcome = await platformOf(effect)?.perform?.(effect, context);
    return outcome ?? { kind: 'rejected', reason: NOBODYS };
  },
  async reconcile(effect, context) {
    const answer = await platformOf(effect)?.reconcile?.(effect, context);
    return answer ?? { kind: 'cannot_tell', reason: 'this platform cannot be asked' };
  },
});

/** What was rendered before posts named their account cannot be sent. */
const NOBODYS = 'the artifact names no account that this adapter posts for: queue it again';

function platformOf({ account }: Effect): SocialPlatformAdapter | undefined {
  return Object.values(PLATFORMS).find(({ provider }) => provider.name === account?.provider);
}

function previewOf({ platform, content, link, replyTo, audience, warning, card }: PostSocial): Preview {
  return {
    kind: 'post',
    platform,
    text: postText(content, link),
    ...(replyTo !== undefined && { replyTo: repliedWords(replyTo) }),
    ...(audience !== undefined && { audience }),
    ...(warning !== undefined && { warning }),
    ...(card !== undefined && link !== undefined && { card: { url: link, ...card } }),
  };
}

function repliedWords(replyTo: string): string {
  const action = repliedAction(replyTo);
  return action === undefined ? replyTo : `the post of action ${action}`;
}

function excerpt(content: string): string {
  const letters = Array.from(content.replace(/\s+/gu, ' ').trim());
  return letters.length > EXCERPT_LENGTH ? `${letters.slice(0, EXCERPT_LENGTH - 1).join('')}…` : letters.join('');
}
