/** An e-mail as an e-mail. Its HTML stands in a frame without scripts, forms, or anything from the network. */

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { counted } from '../../src/contracts/words.ts';
import { Note } from '../parts/basics.tsx';
import type { Around } from './around.ts';
import type { MailShown } from './effect.ts';
import { FileList, fileDetail, type NamedFile } from './files.tsx';
import { Folded } from './folded.tsx';
import { applyStyles, frameContent, sealedMail } from './mail-html.ts';

const FOLDED_HEIGHT = 720;
/** However high a mail says it is. */
const MAX_HEIGHT = 20_000;
const MIN_HEIGHT = 80;

export function Mail({ mail, around }: { readonly mail: MailShown; readonly around: Around }) {
  const [shows, setShows] = useState<'html' | 'text'>(mail.html === undefined ? 'text' : 'html');
  return (
    <figure class="mail" aria-label="The e-mail">
      <dl class="facts mail-head">
        <MailField name="From" values={[mail.from ?? around.speaker?.identity ?? 'the sender of this server']} />
        <MailField name="To" values={mail.to} />
        <MailField name="Cc" values={mail.cc ?? []} />
        <MailField name="Bcc" values={mail.bcc ?? []} />
        <MailField name="Reply to" values={mail.replyTo === undefined ? [] : [mail.replyTo]} />
        <dt>Subject</dt>
        <dd>
          <b>{mail.subject === '' ? '(none)' : mail.subject}</b>
        </dd>
      </dl>
      {mail.html !== undefined && mail.text !== undefined && (
        <div class="row mail-choice">
          {(['html', 'text'] as const).map((kind) => (
            <button
              key={kind}
              type="button"
              class="button"
              data-size="small"
              aria-pressed={shows === kind}
              onClick={() => setShows(kind)}
            >
              {kind === 'html' ? 'As HTML' : 'As plain text'}
            </button>
          ))}
        </div>
      )}
      {shows === 'html' && mail.html !== undefined ? (
        <MailFrame html={mail.html} />
      ) : (
        <div class="mail-text">
          <Folded text={mail.text ?? '(no text)'}>{(text) => <pre>{text}</pre>}</Folded>
        </div>
      )}
      <FileList label="Attachments" files={attachmentsOf(mail, around)} />
    </figure>
  );
}

/** By the names that their receiver sees. The whole message is there too, as it is handed over. */
function attachmentsOf({ attachments }: MailShown, { files, message }: Around): readonly NamedFile[] {
  const known = (sha256: string) => fileDetail(files.find((file) => file.sha256 === sha256));
  const nameless = files.filter(({ sha256 }) => sha256 !== message);
  const attached =
    attachments?.map(({ sha256, fileName }) => ({ sha256, name: fileName, detail: known(sha256) })) ??
    nameless.map(({ sha256 }) => ({ sha256, name: 'an attachment', detail: known(sha256) }));
  if (message === undefined) return attached;
  return [...attached, { sha256: message, name: 'the whole message.eml', detail: known(message) }];
}

function MailField({ name, values }: { readonly name: string; readonly values: readonly string[] }) {
  if (values.length === 0) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{values.join(', ')}</dd>
    </>
  );
}

function MailFrame({ html }: { readonly html: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(MIN_HEIGHT);
  const [isWhole, setWhole] = useState(false);
  const mail = useMemo(() => sealedMail(html), [html]);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    element.onload = () => {
      const inner = element.contentDocument;
      if (!inner) return;
      applyStyles(inner, mail.sheets);
      setHeight(Math.min(MAX_HEIGHT, Math.max(MIN_HEIGHT, inner.documentElement.scrollHeight)));
    };
    Object.assign(element, { srcdoc: frameContent(mail) });
  }, [mail]);
  return (
    <>
      {/* No scripts: `allow-same-origin` lets this page style the frame, and lets the frame do nothing. */}
      <iframe
        ref={frame}
        class="mail-frame"
        title="The e-mail as its receiver sees it"
        sandbox="allow-same-origin"
        referrerpolicy="no-referrer"
        style={{ height: `${isWhole ? height : Math.min(FOLDED_HEIGHT, height)}px` }}
      />
      {height > FOLDED_HEIGHT && (
        <div class="unfold">
          <button
            type="button"
            class="button"
            data-size="small"
            aria-expanded={isWhole}
            onClick={() => setWhole(!isWhole)}
          >
            {isWhole ? 'Show less' : 'Show all of the mail'}
          </button>
        </div>
      )}
      {mail.removed > 0 && (
        <Note tone="idle" icon="lock">
          {counted(mail.removed, 'part')} of it left out here: scripts, forms, and what it would load from the network.
        </Note>
      )}
    </>
  );
}
