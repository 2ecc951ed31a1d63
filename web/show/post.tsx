/** A post as those see it who read the platform. Everything in it is text, whatever it looks like. */

import {
  contentLength,
  SOCIAL_PLATFORMS,
  type SocialPlatform,
} from '../../src/contracts/payloads/post-social-length.ts';
import { platformName } from '../../src/contracts/payloads/summary.ts';
import { knownWord } from '../../src/contracts/words.ts';
import { Tag } from '../parts/basics.tsx';
import type { Around } from './around.ts';
import type { PostShown } from './effect.ts';
import { FileList, fileDetail, isPicture, Pictures } from './files.tsx';
import { Folded } from './folded.tsx';
import { Linked } from './linked.tsx';

export function Post({ post, around }: { readonly post: PostShown; readonly around: Around }) {
  const platform = knownWord(SOCIAL_PLATFORMS, post.platform);
  const others = around.files.filter((file) => !isPicture(file));
  return (
    <figure class="post" data-platform={post.platform} aria-label="The post">
      <figcaption class="post-head">
        <span class="avatar" aria-hidden="true" />
        <span class="wrap">
          <b>{around.speaker?.identity ?? 'Your account'}</b>
          <span class="quiet"> on {platformName(post.platform)}</span>
        </span>
        {post.audience && <Tag tone="idle">{post.audience.toLowerCase()}</Tag>}
      </figcaption>
      {post.replyTo && <p class="quiet wrap">Replying to {post.replyTo}</p>}
      {post.warning && (
        <p class="post-warning wrap">
          <b>Warning:</b> {post.warning} <span class="quiet">(the rest is folded away behind it)</span>
        </p>
      )}
      <div class="post-text">
        <Folded text={post.text}>{(text) => <Linked text={text} marks={LINKED[platform ?? 'x']} />}</Folded>
      </div>
      <Pictures files={around.files.filter(isPicture)} />
      <FileList
        label="Files"
        files={others.map((file) => ({
          sha256: file.sha256,
          name: `a file of ${file.mediaType}`,
          detail: fileDetail(file),
        }))}
      />
      {post.card && <Card card={post.card} />}
      {platform && <Length platform={platform} post={post} />}
    </figure>
  );
}

function Card({ card }: { readonly card: NonNullable<PostShown['card']> }) {
  return (
    <div class="post-card">
      <b class="wrap">{card.title}</b>
      {card.description && <span class="wrap">{card.description}</span>}
      <span class="quiet wrap">{URL.canParse(card.url) ? new URL(card.url).host : card.url}</span>
    </div>
  );
}

function Length({ platform, post }: { readonly platform: SocialPlatform; readonly post: PostShown }) {
  const { used, limit, unit } = contentLength(platform, post.text, undefined, post.replyTo);
  const isOver = used > limit;
  return (
    <div class="post-foot">
      <meter class="visually-hidden" min={0} max={limit} value={used} aria-label="Length" />
      <span class="length" data-over={isOver || undefined} aria-hidden="true">
        <i style={{ width: `${Math.min(100, (used / limit) * 100)}%` }} />
      </span>
      <span class="number">
        {used} of {limit} {unit}
        {isOver && ' – too long'}
      </span>
    </div>
  );
}

const LINKS_TAGS_MENTIONS = /(https?:\/\/[^\s<>"]+|(?<![\p{L}\p{N}])[#@][\p{L}\p{N}_.]+)/gu;
const LINKS_TAGS = /(https?:\/\/[^\s<>"]+|(?<![\p{L}\p{N}])#[\p{L}\p{N}_.]+)/gu;
/** On Bluesky a mention is a link only with a DID, which a proof does not ask for. */
const LINKED: Readonly<Record<SocialPlatform, RegExp>> = {
  x: LINKS_TAGS_MENTIONS,
  bluesky: LINKS_TAGS,
  mastodon: LINKS_TAGS_MENTIONS,
  linkedin: LINKS_TAGS,
};
