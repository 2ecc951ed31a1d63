/** Effects as the one who receives them would see them. Everything in them is text, whatever it looks like. */

import { contentLength } from '../../src/contracts/payloads/index.ts';
import { counted, duration } from '../../src/contracts/words.ts';
import { Tag } from '../parts/basics.tsx';
import { type ChatShown, PLATFORM_NAMES, type PostShown, type RequestShown, type Shown } from './effect.ts';
import { Json } from './json.tsx';
import { Mail } from './mail.tsx';

export function ShownEffect({ shown }: { readonly shown: Shown }) {
  switch (shown.kind) {
    case 'post':
      return <Post post={shown} />;
    case 'mail':
      return <Mail mail={shown} />;
    case 'chat':
      return <Chat chat={shown} />;
    case 'request':
      return <Request request={shown} />;
    case 'data':
      return <Json value={shown.value} label="The effect as data" />;
  }
}

function Post({ post }: { readonly post: PostShown }) {
  const { used, limit, unit } = contentLength(post.platform, post.text, undefined, post.replyTo);
  const isOver = used > limit;
  return (
    <figure class="post" data-platform={post.platform}>
      <figcaption class="post-head">
        <span class="avatar" aria-hidden="true" />
        <span>
          <b>Your account</b>
          <span class="quiet"> on {PLATFORM_NAMES[post.platform]}</span>
        </span>
        {post.audience && <Tag tone="idle">{post.audience.toLowerCase()}</Tag>}
      </figcaption>
      {post.replyTo && <p class="quiet wrap">Replying to {post.replyTo}</p>}
      <div class="post-text">
        <Linked text={post.text} />
      </div>
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
    </figure>
  );
}

/** Addresses in a post stand out as they do on the platform, and lead nowhere. */
function Linked({ text }: { readonly text: string }) {
  const parts = text.split(/(https?:\/\/[^\s<>"]+|(?<![\p{L}\p{N}])[#@][\p{L}\p{N}_.]+)/gu);
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
        <Linked text={chat.text} />
      </div>
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
