/** `POST_SOCIAL`: one post on one social platform. */

import { z } from 'zod';
import { storableText } from '../http/json.ts';
import { accountNameSchema, mediaSchema } from './common.ts';
import type { ActionContract } from './contract.ts';
import { postFileProblems } from './post-social-files.ts';
import { contentLength, SOCIAL_PLATFORMS, type SocialPlatform } from './post-social-length.ts';
import { webAddressProblem } from './urls.ts';

/** More than any platform takes; it bounds the work of counting. */
const MAX_CONTENT_LENGTH = 5_000;
const MAX_LINK_LENGTH = 2_000;
const MAX_REFERENCE_LENGTH = 700;

export const AUDIENCES = ['public', 'unlisted', 'followers', 'connections'] as const;
export type Audience = (typeof AUDIENCES)[number];

interface PlatformRule {
  readonly audiences: readonly Audience[];
  /** Fields that it has something to do with, of those that not each platform knows. */
  readonly knows: readonly ('language' | 'warning' | 'card')[];
  readonly replyTo: RegExp;
  /** What `replyTo` must be, in words. */
  readonly replyToRule: string;
  /** Whether a post may reply to the post of another action. */
  readonly hasThreads: boolean;
}

const REPLIED_ACTION = /^action:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/u;

/** The action whose post is replied to; undefined where `replyTo` names a post itself. */
export function repliedAction(replyTo: string | undefined): string | undefined {
  return replyTo === undefined ? undefined : REPLIED_ACTION.exec(replyTo)?.[1];
}

export const PLATFORM_RULES: Readonly<Record<SocialPlatform, PlatformRule>> = {
  x: {
    audiences: ['public'],
    knows: [],
    replyTo: /^[1-9][0-9]{0,18}$/u,
    replyToRule: 'the id of a post, up to 19 digits, or action: and the id of the action that posts it',
    hasThreads: true,
  },
  bluesky: {
    audiences: ['public'],
    knows: ['language', 'card'],
    replyTo:
      /^at:\/\/did:(?:plc:[a-z2-7]{24}|web:[a-zA-Z0-9.%:-]{1,255})\/app\.bsky\.feed\.post\/[a-zA-Z0-9._:~-]{1,64}$/u,
    replyToRule:
      'the address of a post, at://did:…/app.bsky.feed.post/…, or action: and the id of the action that posts it',
    hasThreads: true,
  },
  mastodon: {
    audiences: ['public', 'unlisted', 'followers'],
    knows: ['language', 'warning'],
    replyTo: /^[0-9A-Za-z]{1,64}$/u,
    replyToRule:
      'the id that the own instance gave the status, up to 64 letters and digits, or action: and the id of the action that posts it',
    hasThreads: true,
  },
  linkedin: {
    audiences: ['public', 'connections'],
    knows: [],
    replyTo: /^urn:li:(?:share|ugcPost|activity):[0-9]{1,20}$/u,
    replyToRule: 'the URN of a post: urn:li:share:…, urn:li:ugcPost:… or urn:li:activity:…',
    hasThreads: false,
  },
};

const linkSchema = storableText(1, MAX_LINK_LENGTH)
  .superRefine((link, context) => {
    const rule = webAddressProblem(link);
    if (rule) context.addIssue({ code: 'custom', message: rule });
  })
  .meta({ format: 'uri', title: 'Link', description: 'Goes at the end of the text, or into its card.' });

const fieldsSchema = z.strictObject({
  platform: z.enum(SOCIAL_PLATFORMS).meta({ title: 'Platform' }),
  content: storableText(1, MAX_CONTENT_LENGTH).meta({
    title: 'Text',
    description: 'The words of the post, exactly as they are to be read.',
  }),
  audience: z
    .enum(AUDIENCES)
    .meta({ title: 'Who may see it', description: 'Left out: everybody. Each platform knows some of these.' })
    .optional(),
  link: linkSchema.optional(),
  /** A post, as its platform names it, or `action:ID`: the post that this action makes, which has to be done before. */
  replyTo: storableText(1, MAX_REFERENCE_LENGTH)
    .meta({
      title: 'Reply to',
      description: 'A post, by its id or address; or action:ID, the post of that action: so threads are made.',
    })
    .optional(),
  account: accountNameSchema.optional(),
  media: z.array(mediaSchema).min(1).max(4).meta({ title: 'Pictures' }).optional(),
  /** BCP 47: `de`, `en-GB`. */
  language: z
    .string()
    .regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/u, { message: 'must be a language tag: de, en-GB' })
    .meta({ title: 'Language', description: 'Of the text: de, en-GB. Readers can filter by it.' })
    .optional(),
  /** Stands before the post, which is folded away behind it. */
  warning: storableText(1, 300)
    .meta({ title: 'Content warning', description: 'Stands before the post, which is folded away behind it.' })
    .optional(),
  /** What the card of the link says. Nobody fetches the link to find out. A picture in `media` is the card's. */
  card: z
    .strictObject({ title: storableText(1, 300), description: storableText(0, 1_000).optional() })
    .meta({ title: 'Card of the link', description: 'Its title and description. A picture of the post is the card’s.' })
    .optional(),
});

export type PostSocial = z.infer<typeof fieldsSchema>;

/** The payload's schema, with the rules of its platform. */
export const postSocialSchema = fieldsSchema.superRefine((post, context) => {
  for (const [field, message] of platformProblems(post)) {
    context.addIssue({ code: 'custom', message, path: [field] });
  }
});

function platformProblems(post: PostSocial): readonly (readonly [keyof PostSocial, string])[] {
  const { platform, content, audience, link, replyTo, media, card, warning } = post;
  const rules = PLATFORM_RULES[platform];
  const problems: (readonly [keyof PostSocial, string])[] = [];
  if (!/\S/u.test(content)) problems.push(['content', 'must not be blank']);
  const { used, limit, unit } = contentLength(platform, content, link, replyTo);
  const total = used + (warning === undefined ? 0 : contentLength(platform, warning).used);
  if (total > limit) {
    const others = [link === undefined ? '' : 'its link', warning === undefined ? '' : 'its warning'].filter(Boolean);
    const counted = others.length === 0 ? 'has' : `has with ${others.join(' and ')}`;
    problems.push(['content', `must be at most ${limit} ${unit} for ${platform}, and ${counted} ${total}`]);
  }
  for (const field of ['language', 'warning', 'card'] as const) {
    if (post[field] !== undefined && !rules.knows.includes(field)) {
      problems.push([field, `must be absent for ${platform}, which has nothing like it`]);
    }
  }
  if (card !== undefined && link === undefined) problems.push(['card', 'must be absent without a link']);
  if (card !== undefined && media !== undefined && media.length > 1) {
    problems.push(['media', 'must be one picture beside a card: the card has it']);
  }
  if (card !== undefined && media?.some(({ alt }) => alt !== undefined)) {
    problems.push(['media', 'must have no alt text beside a card, which has no place for it']);
  }
  if (platform === 'x' && /[\ufeff\ufffe\uffff]/u.test(content)) {
    problems.push(['content', 'must not contain U+FEFF, U+FFFE or U+FFFF for x']);
  }
  const isReplyKnown =
    replyTo === undefined || (repliedAction(replyTo) === undefined ? rules.replyTo.test(replyTo) : rules.hasThreads);
  if (!isReplyKnown) {
    problems.push(['replyTo', `must be ${rules.replyToRule}, for ${platform}`]);
  }
  if (audience !== undefined && !rules.audiences.includes(audience)) {
    problems.push(['audience', `must be ${rules.audiences.join(' or ')} for ${platform}`]);
  } else if (platform === 'linkedin' && replyTo !== undefined && audience === 'connections') {
    problems.push([
      'audience',
      'must be public or absent for a reply on linkedin: a comment has the audience of its post',
    ]);
  }
  return problems;
}

export const postSocialContract: ActionContract<PostSocial> = {
  type: 'POST_SOCIAL',
  title: 'Post to a social platform',
  payload: postSocialSchema,
  checkFiles: postFileProblems,
  after: ({ replyTo }) => (typeof replyTo === 'string' ? repliedAction(replyTo) : undefined),
  example: { platform: 'bluesky', content: 'Hello', link: 'https://example.com/' },
  performs: true,
  redelivery: 'depends',
  account: ({ platform, account }) => ({ provider: platform, name: account }),
  providers: {
    bluesky: ['BLUESKY_IDENTIFIER', 'BLUESKY_APP_PASSWORD'],
    mastodon: ['MASTODON_URL', 'MASTODON_ACCESS_TOKEN'],
    x: ['X_API_KEY', 'X_API_SECRET', 'X_ACCESS_TOKEN', 'X_ACCESS_SECRET'],
    linkedin: ['LINKEDIN_AUTHOR', 'LINKEDIN_ACCESS_TOKEN'],
  },
  limits: {
    'content on x': '280 weighted characters',
    'content on bluesky': '300 graphemes and 3,000 bytes',
    'content on mastodon': '500 characters',
    'content on linkedin': '3,000 characters',
    'a picture on x': '5,242,880 bytes',
    'a picture on bluesky': '2,000,000 bytes',
    'a picture on mastodon': '16,777,216 bytes, or what the instance allows',
    'a picture on linkedin': '5,242,880 bytes',
  },
};
