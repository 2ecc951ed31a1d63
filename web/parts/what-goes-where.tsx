/** What is about to be allowed, in the dialog that asks: the words first, then where they go, the hash for those who compare. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { isObject } from '../../src/contracts/http/json.ts';
import { aroundEffect } from '../show/around.ts';
import { showEffect, targetOf } from '../show/effect.ts';
import { isPicture, Pictures } from '../show/files.tsx';
import { SpeakerFacts } from '../show/speaker.tsx';
import { shortened } from './words.ts';

interface WhatGoesWhereProps {
  readonly action: ActionSummary;
  readonly effect: unknown;
  readonly sha256: string | null;
}

export function WhatGoesWhere({ action, effect, sha256 }: WhatGoesWhereProps) {
  const shown = showEffect(effect);
  const summary = isObject(effect) && typeof effect.summary === 'string' ? effect.summary : undefined;
  const { speaker, files } = aroundEffect(effect);
  const words = 'text' in shown ? shown.text : 'prompt' in shown ? shown.prompt : undefined;
  const target = targetOf(shown);
  return (
    <>
      <p class="wrap">
        <b>{shortened(summary ?? action.summary, 200)}</b>
      </p>
      {words && <blockquote class="wrap">{shortened(words, 600)}</blockquote>}
      {shown.kind === 'post' && <Pictures files={files.filter(isPicture)} />}
      <dl class="facts">
        {speaker && <SpeakerFacts speaker={speaker} />}
        {target && (
          <>
            <dt>Goes to</dt>
            <dd class="wrap">{shortened(target, 300)}</dd>
          </>
        )}
        <dt>Type</dt>
        <dd>{action.type}</dd>
        <dt>Lane</dt>
        <dd>{action.lane}</dd>
        <dt>SHA-256</dt>
        <dd>
          <code class="wrap">{sha256}</code>
        </dd>
      </dl>
    </>
  );
}
