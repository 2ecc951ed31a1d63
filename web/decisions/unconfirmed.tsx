/** One unconfirmed effect: what is known, and what a person found out. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { Note } from '../parts/basics.tsx';
import { DecisionButtons } from '../parts/decide.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { ArtifactView, useArtifact } from '../show/artifact.tsx';
import { DecisionHead } from './head.tsx';

export function Unconfirmed({ action, onDone }: { readonly action: ActionSummary; readonly onDone: () => void }) {
  const artifact = useArtifact(action);
  return (
    <>
      <DecisionHead action={action} />
      <Note tone="warn" icon="question">
        <span class="wrap">
          It may have been sent. {action.lastError && <>What is known: {action.lastError}. </>}
          Look at the receiver, then say what you found.
        </span>
      </Note>
      <div class="columns">
        <div class="stack">
          <h3>What was, or was not, sent</h3>
          <ArtifactView action={action} artifact={artifact} />
        </div>
        <div class="stack">
          <h3>What happened</h3>
          <Timeline id={action.id} />
        </div>
      </div>
      <div class="decision-acts">
        <DecisionButtons action={action} onDone={onDone} />
      </div>
    </>
  );
}
