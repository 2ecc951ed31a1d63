/** What is about to be allowed, in the dialog that asks: the words first, then who says them to whom and when; the hash for those who compare. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { isObject } from '../../src/contracts/http/json.ts';
import { aroundEffect } from '../show/around.ts';
import { type Shown, showEffect, targetOf } from '../show/effect.ts';
import { isPicture, Pictures } from '../show/files.tsx';
import { Folded } from '../show/folded.tsx';
import { FoldedHash } from '../show/hash-check.tsx';
import { SpeakerFacts } from '../show/speaker.tsx';
import { At } from './basics.tsx';
import { shortened } from './words.ts';

const LINES = 8;

interface WhatGoesWhereProps {
  readonly action: ActionSummary;
  readonly effect: unknown;
  readonly sha256: string | null;
}

export function WhatGoesWhere({ action, effect, sha256 }: WhatGoesWhereProps) {
  const shown = showEffect(effect);
  const summary = isObject(effect) && typeof effect.summary === 'string' ? effect.summary : undefined;
  const { speaker, files } = aroundEffect(effect);
  const words = wordsOf(shown);
  const target = targetOf(shown);
  return (
    <>
      <p class="wrap">
        <b>{shortened((shown.kind === 'request' ? undefined : summary) ?? action.summary, 200)}</b>
      </p>
      {words && (
        <Folded text={words} lines={LINES}>
          {(text) => <blockquote class="wrap">{text}</blockquote>}
        </Folded>
      )}
      {shown.kind === 'post' && <Pictures files={files.filter(isPicture)} />}
      <dl class="facts">
        {speaker && <SpeakerFacts speaker={speaker} />}
        {target && (
          <>
            <dt>Goes to</dt>
            <dd class="wrap">{shortened(target, 300)}</dd>
          </>
        )}
        <dt>When</dt>
        <dd>
          <When runAt={action.runAt} />
        </dd>
        <dt>Type</dt>
        <dd>{action.type}</dd>
        <dt>Lane</dt>
        <dd>{action.lane}</dd>
      </dl>
      {sha256 !== null && <FoldedHash sha256={sha256} />}
    </>
  );
}

/** What the receiver reads. */
function wordsOf(shown: Shown): string | undefined {
  if ('text' in shown) return shown.text;
  switch (shown.kind) {
    case 'prompt':
      return shown.prompt;
    case 'request':
      return shown.body === undefined ? undefined : JSON.stringify(shown.body, null, 2);
    case 'tool':
      return JSON.stringify(shown.arguments, null, 2);
    default:
      return undefined;
  }
}

/** When what waits may be sent. */
export function When({ runAt }: { readonly runAt: string }) {
  if (Date.parse(runAt) <= Date.now()) return <>as soon as its lane may</>;
  return <At iso={runAt} />;
}
