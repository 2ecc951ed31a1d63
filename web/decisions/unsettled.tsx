/** What failed for good, or may have been sent, opened: what is known, what it is, and what a person can do about it. */

import type { ComponentChildren } from 'preact';
import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { counted } from '../../src/contracts/words.ts';
import { Failure, Loading, Note } from '../parts/basics.tsx';
import { DecisionButtons } from '../parts/decide.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { ArtifactView, useArtifact } from '../show/artifact.tsx';
import { Json } from '../show/json.tsx';
import { plainReason } from '../show/reason.ts';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';

interface UnsettledProps {
  readonly action: ActionSummary;
  readonly onDone: (answer: Pick<ActionSummary, 'status'>) => void;
}

export function Unconfirmed({ action, onDone }: UnsettledProps) {
  return (
    <Unsettled action={action} onDone={onDone} what="What was, or was not, sent">
      <Note tone="warn" icon="question">
        <span class="wrap">
          It may have been sent. {action.lastError && <>What is known: {plainReason(action.lastError)}. </>}
          Look at the receiver, then say what you found.
        </span>
      </Note>
    </Unsettled>
  );
}

export function DeadLetter({ action, onDone }: UnsettledProps) {
  return (
    <Unsettled action={action} onDone={onDone} what="What was not sent">
      <Note tone="bad" icon="cross">
        <span class="wrap">
          {action.lastError === null ? 'No reason was recorded.' : plainReason(action.lastError)}{' '}
          <span class="quiet">
            After {counted(action.attempts, 'attempt')}. Its key is <code>{action.idempotencyKey}</code>.
          </span>
        </span>
      </Note>
    </Unsettled>
  );
}

interface LayoutProps extends UnsettledProps {
  readonly what: string;
  readonly children: ComponentChildren;
}

function Unsettled({ action, onDone, what, children }: LayoutProps) {
  return (
    <>
      {children}
      <div class="columns">
        <div class="stack">
          <h3>{what}</h3>
          {action.artifactSha256 === null ? <Payload id={action.id} /> : <Artifact action={action} />}
        </div>
        <div class="stack">
          <h3>What happened</h3>
          <Timeline id={action.id} />
        </div>
      </div>
      <div class="decision-acts">
        <DecisionButtons hasKeys action={action} onDone={onDone} />
        <a href={`/actions/${action.id}`}>Its page</a>
      </div>
    </>
  );
}

function Artifact({ action }: { readonly action: ActionSummary }) {
  return <ArtifactView action={action} artifact={useArtifact(action)} checksAtOnce />;
}

/** Of what died before it was rendered. */
function Payload({ id }: { readonly id: string }) {
  const { data, error, reload } = useResource(`payload ${id}`, () => client.getAction(id), { isLive: false });
  if (data) return <Json value={data.payload} label="The payload" />;
  return error === undefined ? <Loading what="the payload" /> : <Failure error={error} retry={reload} />;
}
