/** Effects as the one who receives them would see them. Everything in them is text, whatever it looks like. */

import { OWN_HEADER } from '../../src/contracts/names.ts';
import { counted } from '../../src/contracts/words.ts';
import { Failure, Loading, Tag } from '../parts/basics.tsx';
import { useResource } from '../state/resource.ts';
import type { Around } from './around.ts';
import type { ChatShown, MailShown, PromptShown, RequestShown, Shown, TextShown, ToolShown } from './effect.ts';
import { Folded } from './folded.tsx';
import { Json } from './json.tsx';
import { Linked } from './linked.tsx';
import { Post } from './post.tsx';

interface ShownEffectProps {
  readonly shown: Shown;
  readonly around: Around;
}

export function ShownEffect({ shown, around }: ShownEffectProps) {
  switch (shown.kind) {
    case 'post':
      return <Post post={shown} around={around} />;
    case 'mail':
      return <MailWhenRead mail={shown} around={around} />;
    case 'chat':
      return <Chat chat={shown} around={around} />;
    case 'text':
      return <TextMessage message={shown} />;
    case 'prompt':
      return <Prompt prompt={shown} />;
    case 'tool':
      return <ToolCall call={shown} />;
    case 'request':
      return <Request request={shown} />;
    case 'data':
      return <Json value={shown.value} label="The effect as data" />;
  }
}

/** Its view is read in with the first mail: few pages show one, and what makes its HTML safe is large. */
function MailWhenRead({ mail, around }: { readonly mail: MailShown; readonly around: Around }) {
  const { data, error, reload } = useResource('the view of mails', () => import('./mail.tsx'), { isLive: false });
  if (data) return <data.Mail mail={mail} around={around} />;
  return error === undefined ? <Loading what="the e-mail" /> : <Failure error={error} retry={reload} />;
}

const LINKS = /(https?:\/\/[^\s<>"]+)/gu;

function Chat({ chat, around }: { readonly chat: ChatShown; readonly around: Around }) {
  return (
    <figure class="post" aria-label="The message">
      <figcaption class="post-head">
        <span class="avatar" aria-hidden="true" />
        <span class="wrap">
          <b>{around.speaker?.identity ?? 'Your account'}</b>
          <span class="quiet"> in {chat.channel ?? 'the channel of the webhook'}</span>
        </span>
        <Tag tone="idle">{chat.service}</Tag>
      </figcaption>
      <div class="post-text">
        <Folded text={chat.text}>{(text) => <Linked text={text} marks={LINKS} />}</Folded>
      </div>
    </figure>
  );
}

function Prompt({ prompt: { service, model, system, prompt, maxTokens } }: { readonly prompt: PromptShown }) {
  return (
    <figure class="post" aria-label="What the model is asked">
      <figcaption class="post-head">
        <b class="wrap">{model}</b>
        <Tag tone="idle">{service}</Tag>
        <span class="quiet number">answers with at most {counted(maxTokens, 'token')}</span>
      </figcaption>
      {system !== undefined && (
        <div>
          <b>Told first</b>
          <div class="post-text">
            <Folded text={system}>{(text) => text}</Folded>
          </div>
        </div>
      )}
      <div>
        <b>Asked</b>
        <div class="post-text">
          <Folded text={prompt}>{(text) => text}</Folded>
        </div>
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
      <div class="post-text">
        <Folded text={message.text}>{(text) => text}</Folded>
      </div>
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
  const own = request.headers.filter(([name]) => OWN_HEADER.test(name));
  return (
    <figure class="request" aria-label="The request">
      <div class="request-line mono">
        <b>{request.method}</b>
        <span class="wrap">{request.url}</span>
      </div>
      <Headers headers={request.headers.filter(([name]) => !OWN_HEADER.test(name))} />
      {own.length > 0 && (
        <details class="request-own">
          <summary>{counted(own.length, 'header')} that AOL adds</summary>
          <Headers headers={own} />
        </details>
      )}
      {request.body === undefined || request.body === null ? (
        <p class="quiet request-empty">No body</p>
      ) : (
        <Json value={request.body} label="The request’s body" />
      )}
    </figure>
  );
}

function Headers({ headers }: Pick<RequestShown, 'headers'>) {
  if (headers.length === 0) return null;
  return (
    <dl class="headers mono">
      {headers.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value.includes('<added at sending') ? <em>{value}</em> : value}</dd>
        </div>
      ))}
    </dl>
  );
}
