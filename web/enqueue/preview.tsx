/** What would be sent, exactly: the server renders it as the worker would, and queues nothing. */

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { EnqueueInput } from '../../src/contracts/http/action.ts';
import { Note } from '../parts/basics.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { sentence } from '../parts/words.ts';
import { aroundEffect } from '../show/around.ts';
import { showEffect } from '../show/effect.ts';
import { ShownEffect } from '../show/shown.tsx';
import { SpeakerFacts } from '../show/speaker.tsx';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';

/** So long after the last letter the server is asked. */
const TYPING_MS = 300;

interface ExactPreviewProps {
  /** Undefined while the form is not complete. */
  readonly request: EnqueueInput | undefined;
  /** What else is told of the effect. */
  readonly children?: (effect: unknown) => ComponentChildren;
}

export function ExactPreview({ request, children }: ExactPreviewProps) {
  const settled = useSettled(request);
  if (request === undefined) return <p class="quiet">Complete the form to see it.</p>;
  return settled ? <Rendered request={settled} tell={children} /> : null;
}

interface RenderedProps {
  readonly request: EnqueueInput;
  readonly tell: ExactPreviewProps['children'];
}

function Rendered({ request, tell }: RenderedProps) {
  const rendered = useResource(JSON.stringify(request), () => client.validate({ actions: [request] }), {
    isLive: false,
  });
  return (
    <ResourceView of={rendered} what="what would be sent">
      {({ results: [result] }) => {
        if (!result) return null;
        if (!result.ok) {
          const fields = (result.problem.errors ?? []).map(({ field, rule }) => `${field} ${rule}`);
          return (
            <Note tone="bad" icon="warning">
              <span class="wrap">{fields.join('; ') || result.problem.detail}</span>
            </Note>
          );
        }
        const around = aroundEffect(result.effect);
        return (
          <div class="stack">
            <ShownEffect shown={showEffect(result.effect)} around={around} />
            {result.notes.map((note) => (
              <Note key={note} tone="idle" icon="question">
                <span class="wrap">{sentence(note)}</span>
              </Note>
            ))}
            {tell?.(result.effect)}
            <dl class="facts">
              {around.speaker && <SpeakerFacts speaker={around.speaker} />}
              <dt>SHA-256</dt>
              <dd>
                <code class="wrap">{result.sha256}</code>
              </dd>
            </dl>
          </div>
        );
      }}
    </ResourceView>
  );
}

/** The request as it was when nobody had typed for a moment. */
function useSettled(request: EnqueueInput | undefined): EnqueueInput | undefined {
  const [settled, setSettled] = useState(request);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(request), TYPING_MS);
    return () => clearTimeout(timer);
  }, [JSON.stringify(request)]);
  return settled;
}
