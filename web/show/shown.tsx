/** Effects as the one who receives them would see them. Everything in them is text, whatever it looks like. */

import { contentLength, SOCIAL_PLATFORMS, type SocialPlatform } from '../../src/contracts/payloads/index.ts';
import { platformName } from '../../src/contracts/payloads/summary.ts';
import { counted, duration, knownWord } from '../../src/contracts/words.ts';
import { Failure, Loading, Tag } from '../parts/basics.tsx';
import { useResource } from '../state/resource.ts';
import type { ChatShown, MailShown, PostShown, RequestShown, Shown, TextShown, ToolShown } from './effect.ts';
import { Json } from './json.tsx';

export function ShownEffect({ shown }: { readonly shown: Shown }) {
  switch (shown.kind) {
    case 'post':
      return <Post post={shown} />;
    case 'mail':
      return <MailWhenRead mail={shown} />;
    case 'chat':
      return <Chat chat={shown} />;
    case 'text':
      return <TextMessage message={shown} />;
    case 'tool':
      return <ToolCall call={shown} />;
    case 'request':
      return <Request request={shown} />;
    case 'data':
      return <Json value={shown.value} label="The effect as data" />;
  }
}

/** Its view is read in with the first mail: few pages show one, and what makes its HTML safe is large. */
function MailWhenRead({ mail }: { readonly mail: MailShown }) {
  const { data, error, reload } = useResource('the view of mails', () => import('./mail.tsx'), { isLive: false });
  if (data) return <data.Mail mail={mail} />;
  return error === undefined ? <Loading what="the e-mail" /> : <Failure error={error} retry={reload} />;
}

function Post({ post }: { readonly post: PostShown }) {
  const platform = knownWord(SOCIAL_PLATFORMS, post.platform);
  return (
    <figure class="post" data-platform={post.platform}>
      <figcaption class="post-head">
        <span class="avatar" aria-hidden="true" />
        <span>
          <b>Your account</b>
          <span class="quiet"> on {platformName(post.platform)}</span>
        </span>
        {post.audience && <Tag tone="idle">{post.audience.toLowerCase()}</Tag>}
      </figcaption>
      {post.replyTo && <p class="quiet wrap">Replying to {post.replyTo}</p>}
      <div class="post-text">
        <Linked text={post.text} marks={LINKED[platform ?? 'x']} />
      </div>
      {platform && <Length platform={platform} post={post} />}
    </figure>
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

/** What is a link on the platform stands out, and leads nowhere. */
function Linked({ text, marks }: { readonly text: string; readonly marks: RegExp }) {
  const parts = text.split(marks);
  return <>{parts.map((part, index) => (index % 2 === 1 ? <span class="as-link">{part}</span> : part))}</>;
}

function Chat({ chat }: { readonly chat: ChatShown }) {
  return (
    <figure class="post">
      <figcaption class="post-head">
        <span class="avatar" aria-hidden="true" />
        <b>{chat.channel ?? 'The channel of the webhook'}</b>
        <Tag tone="idle">{chat.service}</Tag>
      </figcaption>
      <div class="post-text">
        <Linked text={chat.text} marks={LINKS_TAGS_MENTIONS} />
      </div>
    </figure>
  );
}

function TextMessage({ message }: { readonly message: TextShown }) {
  return (
    <figure class="post">
      <figcaption class="post-head">
        <span class="avatar" aria-hidden="true" />
        <b class="wrap">To {message.to.join(', ')}</b>
      </figcaption>
      <div class="post-text">{message.text}</div>
    </figure>
  );
}

function ToolCall({ call }: { readonly call: ToolShown }) {
  return (
    <figure class="request" aria-label="The call of a tool">
      <div class="request-line mono">
        <b>{call.tool}</b>
        <span class="wrap">{call.server}</span>
      </div>
      <Json value={call.arguments} label="The call’s arguments" />
    </figure>
  );
}

function Request({ request }: { readonly request: RequestShown }) {
  return (
    <figure class="request" aria-label="The request">
      <div class="request-line mono">
        <b>{request.method}</b>
        <span class="wrap">{request.url}</span>
      </div>
      {request.headers.length > 0 && (
        <dl class="headers mono">
          {request.headers.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value.includes('<added at sending') ? <em>{value}</em> : value}</dd>
            </div>
          ))}
        </dl>
      )}
      {request.body === undefined || request.body === null ? (
        <p class="quiet request-empty">No body</p>
      ) : (
        <Json value={request.body} label="The request’s body" />
      )}
    </figure>
  );
}

/** A receipt, in the words that matter first. */
export function Receipt({ receipt }: { readonly receipt: Readonly<Record<string, unknown>> }) {
  const status = typeof receipt.status === 'number' ? receipt.status : undefined;
  const took = typeof receipt.durationMs === 'number' ? receipt.durationMs : undefined;
  return (
    <div class="stack">
      {status !== undefined && (
        <p>
          Answered <b class="number">{status}</b>
          {took !== undefined && ` after ${duration(took)}`}
        </p>
      )}
      <Json value={receipt} label={`The receipt, ${counted(Object.keys(receipt).length, 'field')}`} />
    </div>
  );
}
