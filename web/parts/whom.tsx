/** To whom an action goes and who speaks, in one line: out of its artifact, which is read once its row is in sight. */

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { aroundEffect } from '../show/around.ts';
import { useArtifact } from '../show/artifact.tsx';
import { showEffect, targetOf } from '../show/effect.ts';
import { shortened } from './words.ts';

/** Its line is there from the beginning, so that nothing moves when it is filled in. */
export function Whom({ action }: { readonly action: ActionSummary }) {
  const line = useRef<HTMLParagraphElement>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
    });
    if (line.current && !isSeen) observer.observe(line.current);
    return () => observer.disconnect();
  }, [isSeen]);
  return (
    <p ref={line} class="whom">
      {isSeen && action.artifactSha256 !== null && <ReadWhom action={action} />}
    </p>
  );
}

function ReadWhom({ action }: { readonly action: ActionSummary }) {
  const { data } = useArtifact(action);
  const { shown, speaker } = useMemo(
    () => ({ shown: showEffect(data?.effect), speaker: aroundEffect(data?.effect).speaker }),
    [data],
  );
  const target = targetOf(shown);
  return (
    <>
      {target && `${shown.kind === 'request' ? '' : 'to '}${shortened(target, 200)}`}
      {speaker && (
        <>
          {' '}
          as <b>{speaker.identity}</b>
        </>
      )}
    </>
  );
}
